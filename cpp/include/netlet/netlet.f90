! SPDX-License-Identifier: BSD-3-Clause
! netlet for Fortran 2018: derived types around netlet.h, which is the manual of what they do.
!
!   use netlet
!   type(netlet_network) :: net
!   type(netlet_optimizer) :: adam
!   type(netlet_fit_options) :: options
!
!   call net%create([8, 32, 1], activations=[NETLET_TANH, NETLET_IDENTITY], reduction=NETLET_MEAN)
!   call adam%create(NETLET_ADAM, learning_rate=0.01d0)
!   options%epochs = 100
!   options%batch_size = 32
!   call net%fit(x, y, adam, options)        ! x(8, rows), y(rows) or y(1, rows)
!   call net%forward(x, out)
!   call net%save("column.netlet")           ! for net%load here, in Python, C and C++
!
! Arrays    Real arrays of both kinds, x(inputs, rows), whose columns are netlet's rows; with rows_first=.true. arrays
!           (rows, inputs). Inputs and targets are read where they lie, in sections of arrays, too. Outputs are written
!           where they lie if they are contiguous, (outputs, rows), and of the network's kind; otherwise through a
!           temporary. Other combinations of kinds, and integers of any, go through netlet_view. Classes count from 0.
! Errors    stat and errmsg are as in ALLOCATE: stat is NETLET_OK or another netlet_status, and errmsg is only defined
!           if that is an error. Without stat, an error stops the program with its message. After a failure, nothing
!           has changed.
! Objects   Assignment copies a network or an optimizer, with its state. What leaves its scope is freed; close frees it
!           earlier. (A copy that is not made by assignment, as by ALLOCATE with SOURCE=, shares what it was copied
!           from, until one of them is freed.)
! Threads   As in netlet.h: any number of threads (of OpenMP, say) may predict with one network at once; what changes it
!           excludes all others, and whichever comes second gets NETLET_ERROR_BUSY. A workspace and an optimizer serve
!           one call at a time.
module netlet
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_f_pointer, c_float, c_funloc, c_funptr, c_int, c_int8_t, &
    c_int32_t, c_int64_t, c_intptr_t, c_loc, c_associated, c_null_char, c_null_funptr, c_null_ptr, c_ptr, c_ptrdiff_t, &
    c_size_t, c_sizeof
  implicit none
  private

  ! The numbers of netlet.h, under its names.
  integer(c_int32_t), parameter, public :: NETLET_OK = 0, NETLET_ERROR_ARGUMENT = 1, NETLET_ERROR_MEMORY = 2, &
    NETLET_ERROR_BUSY = 3, NETLET_ERROR_DIVERGED = 4, NETLET_ERROR_INTERRUPTED = 5, NETLET_ERROR_CALLBACK = 6, &
    NETLET_ERROR_UNSUPPORTED = 7, NETLET_ERROR_FILE = 8, NETLET_ERROR_FORMAT = 9
  integer(c_int32_t), parameter, public :: NETLET_FLOAT32 = 0, NETLET_FLOAT64 = 1, NETLET_INT8 = 2, &
    NETLET_INT16 = 3, NETLET_INT32 = 4, NETLET_INT64 = 5, NETLET_UINT8 = 6, NETLET_UINT16 = 7, NETLET_UINT32 = 8, &
    NETLET_UINT64 = 9
  integer(c_int32_t), parameter, public :: NETLET_IDENTITY = 0, NETLET_SIGMOID = 1, NETLET_TANH = 2, &
    NETLET_RELU = 3, NETLET_LEAKY_RELU = 4, NETLET_ELU = 5, NETLET_SOFTPLUS = 6, NETLET_SILU = 7, NETLET_GELU = 8, &
    NETLET_HARD_SIGMOID = 9, NETLET_SOFTMAX = 10, NETLET_MISH = 11
  integer(c_int32_t), parameter, public :: NETLET_SQUARED_ERROR = 0, NETLET_ABSOLUTE_ERROR = 1, NETLET_HUBER = 2, &
    NETLET_POISSON = 3, NETLET_QUANTILE = 4, NETLET_BINARY_CROSS_ENTROPY = 5, NETLET_CROSS_ENTROPY = 6, &
    NETLET_LOG_COSH = 7, NETLET_GAUSSIAN_NLL = 8
  integer(c_int32_t), parameter, public :: NETLET_SUM = 0, NETLET_MEAN = 1
  integer(c_int32_t), parameter, public :: NETLET_GLOROT_UNIFORM = 0, NETLET_HE_UNIFORM = 1
  integer(c_int32_t), parameter, public :: NETLET_EXP = 100, NETLET_LOG = 101
  integer(c_int32_t), parameter, public :: NETLET_SCALE_INPUTS = 1, NETLET_SCALE_OUTPUTS = 2
  integer(c_int32_t), parameter, public :: NETLET_CLASSES = 0, NETLET_FEATURE_NAMES = 1, NETLET_METADATA = 2
  integer(c_int32_t), parameter, public :: NETLET_MISSING_REFUSE = 0, NETLET_MISSING_IGNORE = 1
  integer(c_int32_t), parameter, public :: NETLET_SGD = 0, NETLET_ADAM = 1, NETLET_RMSPROP = 2, NETLET_RPROP = 3
  integer(c_int32_t), parameter, public :: NETLET_TASK_GRADIENT = 0, NETLET_TASK_LOSS = 1, NETLET_TASK_WEIGHTS = 2, &
    NETLET_TASK_MEANS = 3, NETLET_TASK_DEVIATIONS = 4
  integer(c_int32_t), parameter, public :: NETLET_CONSTANT = 0, NETLET_STEP_DECAY = 1, NETLET_EXPONENTIAL = 2, &
    NETLET_COSINE = 3, NETLET_PLATEAU = 4, NETLET_FUNCTION = 5
  integer(c_int32_t), parameter, public :: NETLET_CHECKING = 0, NETLET_SCALING = 1, NETLET_TRAINING = 2, &
    NETLET_VALIDATING = 3

  ! A view of rows of numbers, as in netlet.h; netlet_view makes one.
  type, bind(c), public :: netlet_array
    type(c_ptr) :: data = c_null_ptr  ! null: none
    integer(c_int32_t) :: dtype = NETLET_FLOAT64
    integer(c_size_t) :: rows = 0, columns = 0
    integer(c_ptrdiff_t) :: row_stride = 0, column_stride = 0  ! in bytes
  end type

  type, bind(c), public :: netlet_evaluation
    real(c_double) :: loss, accuracy, rmse, mae
  end type

  ! What an epoch gave.
  type, bind(c), public :: netlet_epoch
    integer(c_int64_t) :: epoch  ! counted from 0 over the network's life
    real(c_double) :: loss, seconds, accuracy, learning_rate, validation_loss, validation_accuracy
    real(c_double) :: weight, validation_weight  ! the number of rows, or the sum of their weights
  end type

  type, bind(c) :: c_task
    integer(c_int32_t) :: kind, scaling, validation, dropout
    integer(c_size_t) :: rows, first
    type(c_ptr) :: order
    integer(c_int64_t) :: seed, stream
    type(c_ptr) :: moments
  end type

  ! What is to be summed over the rows of a batch, whoever has them: from net%step_task, or what options%sums is given
  ! (then as long as that call lasts).
  type, public :: netlet_task
    private
    type(c_task) :: c = c_task(0, 0, 0, 0, 0, 0, c_null_ptr, 0, 0, c_null_ptr)
  contains
    procedure :: kind => task_kind
    procedure :: of_validation => task_of_validation
    procedure :: rows => task_rows
    procedure :: first => task_first
    procedure :: shuffled => task_shuffled
    procedure :: rows_of => task_rows_of
  end type

  ! One value for each epoch; NaN where there is none: accuracies without classes, validation without its data.
  type, public :: netlet_history
    integer :: epochs = 0
    real(c_double), allocatable :: loss(:), seconds(:), accuracy(:), learning_rate(:), validation_loss(:), &
      validation_accuracy(:)
  end type

  abstract interface
    ! Called after each epoch; true ends training. It may use the network to predict, and change its parameters.
    logical function netlet_on_epoch(epoch)
      import netlet_epoch
      type(netlet_epoch), intent(in) :: epoch
    end function
    ! Called after steps, counted over the optimizer's life; true ends training, and an epoch that was begun does not
    ! count. It may do what netlet_on_epoch may.
    logical function netlet_on_step(step)
      import c_int64_t
      integer(c_int64_t), intent(in) :: step
    end function
    ! The factor of the learning rate in an epoch, counted from 0 in the call; with resume over the network's life.
    real(c_double) function netlet_rate(epoch)
      import c_double, c_int64_t
      integer(c_int64_t), intent(in) :: epoch
    end function
    ! The sums over all rows of a task, as partial and netlet_combine give them. total has the size that they must have;
    ! any other value of stat than NETLET_OK, which it comes with, ends training with NETLET_ERROR_CALLBACK. It may call
    ! what reads the network, whose parameters are those of the step.
    subroutine netlet_sums(task, total, stat)
      import c_int64_t, netlet_task
      type(netlet_task), intent(in) :: task
      integer(c_int64_t), allocatable, intent(inout) :: total(:)
      integer, intent(inout) :: stat
    end subroutine
    ! Asked about every 20 ms; true ends training with NETLET_ERROR_INTERRUPTED. It may not use the network.
    logical function netlet_poll()
    end function
  end interface
  public :: netlet_on_epoch, netlet_on_step, netlet_rate, netlet_sums, netlet_poll

  type, public :: netlet_schedule
    integer :: kind = NETLET_CONSTANT
    real(c_double) :: gamma = 1
    integer(c_int64_t) :: period = 1
    real(c_double) :: floor = 0, min_delta = 0
    procedure(netlet_rate), pointer, nopass :: function => null()  ! with NETLET_FUNCTION
  end type

  ! A field of netlet_fit_options in netlet.h is one here, and a line of to_c_options below.
  type, public :: netlet_fit_options
    integer :: epochs = 1, batch_size = 0  ! 0: all rows
    logical :: shuffle = .true.
    integer(c_int64_t), allocatable :: seed  ! of order and dropout; by default the network's
    logical :: standardize_inputs = .false., standardize_outputs = .false.
    type(netlet_schedule) :: schedule
    logical :: resume = .false.  ! the schedule counts the epochs of the network's life, in place of those of this call
    type(netlet_array) :: sample_weight  ! by default none: netlet_view(weights) of an array that is a target
    integer :: missing = NETLET_MISSING_REFUSE  ! also in validation_y
    type(netlet_array) :: validation_x, validation_y, validation_weight
    integer :: patience = 0
    real(c_double) :: min_delta = 0
    procedure(netlet_on_epoch), pointer, nopass :: on_epoch => null()
    procedure(netlet_on_step), pointer, nopass :: on_step => null()  ! after every step_interval steps
    integer(c_int64_t) :: step_interval = 1
    procedure(netlet_poll), pointer, nopass :: poll => null()
    ! For fit without data, on rows that are elsewhere
    procedure(netlet_sums), pointer, nopass :: sums => null()
    integer(c_int64_t) :: rows = 0, validation_rows = 0  ! all of them, whoever has them
    logical :: weighted = .false.  ! whether rows have weights
  end type

  ! Memory for calls of forward that must not allocate, for up to that many rows: call workspace%create(net, rows).
  type, public :: netlet_workspace
    private
    integer(c_int8_t), allocatable :: memory(:)  ! 63 bytes more than netlet needs
    integer(c_int64_t), allocatable :: results(:)  ! outputs that do not lie in y as netlet writes them
  contains
    procedure :: create => create_workspace
  end type

  ! What a network or an optimizer holds. Compilers copy objects in other ways than by assignment: for source=, for
  ! allocatable components, within expressions. Such copies share a place, which is never given back to the system: once
  ! one of them has been freed, its generation tells the others.
  type :: place
    type(c_ptr) :: handle = c_null_ptr
    integer(c_int64_t) :: generation = 0
    type(place), pointer :: next => null()
  end type
  type :: reference
    type(place), pointer :: at => null()
    integer(c_int64_t) :: generation = 0
  end type
  type(place), pointer, save :: unused => null()  ! and those after it

  ! An optimizer and its state.
  type, public :: netlet_optimizer
    private
    type(reference) :: held
  contains
    procedure :: create => create_optimizer
    procedure :: close => close_optimizer
    procedure :: steps => optimizer_steps
    procedure :: set_learning_rate
    procedure, private :: assign_optimizer
    generic :: assignment(=) => assign_optimizer
    final :: finalize_optimizer
  end type

  type, public :: netlet_network
    private
    type(reference) :: held
  contains
    procedure :: create => create_network
    procedure :: initialize
    procedure :: load
    procedure :: save
    procedure :: copy_to
    procedure :: close => close_network
    procedure :: is_open
    procedure :: inputs
    procedure :: outputs
    procedure :: targets
    procedure :: predictions
    procedure :: layer_sizes
    procedure :: parameter_count
    procedure :: dtype => network_dtype
    procedure :: seed => network_seed
    procedure :: epochs_trained
    procedure :: fingerprint
    procedure :: set_scaling
    procedure :: learn_scaling
    procedure, private :: forward_r42_r42, forward_r42_r41, forward_r41_r41, forward_r82_r82, forward_r82_r81, &
      forward_r81_r81, forward_views
    generic :: forward => forward_r42_r42, forward_r42_r41, forward_r41_r41, forward_r82_r82, forward_r82_r81, &
      forward_r81_r81, forward_views
    procedure, private :: predict_r42_r42, predict_r42_r41, predict_r42_i42, predict_r42_i41, predict_r82_r82, &
      predict_r82_r81, predict_r82_i42, predict_r82_i41, predict_views
    generic :: predict => predict_r42_r42, predict_r42_r41, predict_r42_i42, predict_r42_i41, predict_r82_r82, &
      predict_r82_r81, predict_r82_i42, predict_r82_i41, predict_views
    procedure, private :: evaluate_r4_r42, evaluate_r4_r41, evaluate_r4_i41, evaluate_r8_r82, evaluate_r8_r81, &
      evaluate_r8_i41, evaluate_views
    generic :: evaluate => evaluate_r4_r42, evaluate_r4_r41, evaluate_r4_i41, evaluate_r8_r82, evaluate_r8_r81, &
      evaluate_r8_i41, evaluate_views
    procedure, private :: step_r4_r42, step_r8_r82, step_views
    generic :: step => step_r4_r42, step_r8_r82, step_views
    procedure, private :: fit_r4_r42, fit_r4_r41, fit_r4_i41, fit_r8_r82, fit_r8_r81, fit_r8_i41, fit_views, fit_sums
    generic :: fit => fit_r4_r42, fit_r4_r41, fit_r4_i41, fit_r8_r82, fit_r8_r81, fit_r8_i41, fit_views, fit_sums
    procedure :: step_task
    procedure, private :: partial_r4_r42, partial_r4_r41, partial_r4_i41, partial_r8_r82, partial_r8_r81, &
      partial_r8_i41, partial_views
    generic :: partial => partial_r4_r42, partial_r4_r41, partial_r4_i41, partial_r8_r82, partial_r8_r81, &
      partial_r8_i41, partial_views
    procedure, private :: finish_step, finish_r4, finish_r8
    generic :: finish => finish_step, finish_r4, finish_r8
    procedure, private :: backward_r4, backward_r8
    generic :: backward => backward_r4, backward_r8
    procedure, private :: jacobian_r4, jacobian_r8
    generic :: jacobian => jacobian_r4, jacobian_r8
    procedure, private :: parameters_r4, parameters_r8
    generic :: parameters => parameters_r4, parameters_r8
    procedure, private :: assign_network
    generic :: assignment(=) => assign_network
    final :: finalize_network
  end type

  ! netlet_view(a [, rows_first]): an array as netlet sees it, without a copy. The array must be a target, and stay
  ! where it is while the view is used. Of a rank-1 array it is a column, one value for each row. (The arguments have no
  ! INTENT, as a view may also be written to.)
  interface netlet_view
    module procedure view_r4_1, view_r4_2, view_r8_1, view_r8_2, view_i4_1, view_i4_2, view_i8_1, view_i8_2
  end interface
  public :: netlet_view

  public :: netlet_combine
  public :: netlet_get_num_threads, netlet_set_num_threads, netlet_limit_threads, netlet_version

  ! ---- netlet.h

  type, bind(c) :: c_error
    character(kind=c_char) :: message(256)
    integer(c_int32_t) :: system_error
  end type
  type, bind(c) :: c_config
    type(c_ptr) :: layer_sizes
    integer(c_size_t) :: layer_size_count
    type(c_ptr) :: activations
    integer(c_int32_t) :: loss, reduction, dtype
    type(c_ptr) :: loss_parameters
    integer(c_size_t) :: loss_parameter_count
    type(c_ptr) :: dropout
  end type
  type, bind(c) :: c_targets
    type(c_ptr) :: y, sample_weight, output_gradient
    real(c_double) :: weight_mean
    integer(c_int32_t) :: missing
  end type
  type, bind(c) :: c_optimizer_config
    integer(c_int32_t) :: kind, nesterov
    real(c_double) :: learning_rate, momentum, beta_1, beta_2, epsilon, weight_decay, rho, eta_minus, eta_plus, &
      step_min, step_max, l2, l1, clip_value, clip_norm
  end type
  type, bind(c) :: c_optimizer_progress
    integer(c_int64_t) :: steps
    real(c_double) :: beta_1_power, beta_2_power, plateau_factor, plateau_best
    integer(c_int64_t) :: plateau_epochs
  end type
  type, bind(c) :: c_schedule
    integer(c_int32_t) :: kind
    real(c_double) :: gamma
    integer(c_int64_t) :: period
    real(c_double) :: floor, min_delta
    type(c_funptr) :: function
  end type
  type, bind(c) :: c_fit_options
    integer(c_size_t) :: epochs, batch_size
    integer(c_int32_t) :: shuffle
    integer(c_int64_t) :: seed
    integer(c_int32_t) :: standardize
    type(c_schedule) :: schedule
    integer(c_int32_t) :: resume
    type(c_ptr) :: validation_x, validation_targets
    integer(c_size_t) :: patience
    real(c_double) :: min_delta
    type(c_funptr) :: next_batch, on_epochs
    integer(c_int32_t) :: report_together
    type(c_funptr) :: poll
    type(c_ptr) :: context
    type(c_funptr) :: on_step
    integer(c_int64_t) :: step_interval
    type(c_funptr) :: next_validation_batch
    type(c_funptr) :: sums
    integer(c_size_t) :: rows
    integer(c_int32_t) :: weighted
    integer(c_size_t) :: validation_rows
  end type

  interface
    type(c_ptr) function c_version() bind(c, name="netlet_version")
      import
    end function
    integer(c_size_t) function c_get_num_threads() bind(c, name="netlet_get_num_threads")
      import
    end function
    integer(c_int) function c_set_num_threads(count, error) bind(c, name="netlet_set_num_threads")
      import
      integer(c_size_t), value :: count
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_size_t) function c_limit_threads(count) bind(c, name="netlet_limit_threads")
      import
      integer(c_size_t), value :: count
    end function
    integer(c_int) function c_network_create(config, network, error) bind(c, name="netlet_network_create")
      import
      type(c_config), intent(in) :: config
      type(c_ptr), intent(out) :: network
      type(c_error), intent(inout), optional :: error
    end function
    subroutine c_network_free(network) bind(c, name="netlet_network_free")
      import
      type(c_ptr), value :: network
    end subroutine
    integer(c_int) function c_network_copy(network, copy, error) bind(c, name="netlet_network_copy")
      import
      type(c_ptr), value :: network
      type(c_ptr), intent(out) :: copy
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_initialize(network, init, seed, error) bind(c, name="netlet_initialize")
      import
      type(c_ptr), value :: network
      integer(c_int32_t), value :: init
      integer(c_int64_t), value :: seed
      type(c_error), intent(inout), optional :: error
    end function
    pure integer(c_size_t) function c_layer_size_count(network) bind(c, name="netlet_layer_size_count")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_size_t) function c_layer_size(network, i) bind(c, name="netlet_layer_size")
      import
      type(c_ptr), value :: network
      integer(c_size_t), value :: i
    end function
    pure integer(c_size_t) function c_inputs(network) bind(c, name="netlet_inputs")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_size_t) function c_outputs(network) bind(c, name="netlet_outputs")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_size_t) function c_target_count(network) bind(c, name="netlet_target_count")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_size_t) function c_prediction_count(network) bind(c, name="netlet_prediction_count")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_int) function c_prediction_dtype(network) bind(c, name="netlet_prediction_dtype")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_int) function c_network_dtype(network) bind(c, name="netlet_network_dtype")
      import
      type(c_ptr), value :: network
    end function
    type(c_ptr) function c_parameters(network) bind(c, name="netlet_parameters")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_size_t) function c_parameter_count(network) bind(c, name="netlet_parameter_count")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_int64_t) function c_seed(network) bind(c, name="netlet_seed")
      import
      type(c_ptr), value :: network
    end function
    pure integer(c_int64_t) function c_epochs_trained(network) bind(c, name="netlet_epochs_trained")
      import
      type(c_ptr), value :: network
    end function
    integer(c_int) function c_fingerprint(network, hex, error) bind(c, name="netlet_fingerprint")
      import
      type(c_ptr), value :: network
      character(kind=c_char), intent(inout) :: hex(65)
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_set_scaling(network, kind, shift, scale, error) bind(c, name="netlet_set_scaling")
      import
      type(c_ptr), value :: network
      integer(c_int32_t), value :: kind
      type(c_ptr), value :: shift, scale
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_learn_scaling(network, kind, rows, sample_weight, missing, error) &
      bind(c, name="netlet_learn_scaling")
      import
      type(c_ptr), value :: network
      integer(c_int32_t), value :: kind
      type(netlet_array), intent(in) :: rows
      type(netlet_array), intent(in), optional :: sample_weight
      integer(c_int32_t), value :: missing
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_forward(network, x, out, error) bind(c, name="netlet_forward")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_ptr), value :: out
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_forward_realtime(network, x, out, workspace, workspace_size, error) &
      bind(c, name="netlet_forward_realtime")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_ptr), value :: out, workspace
      integer(c_size_t), value :: workspace_size
      type(c_error), intent(inout), optional :: error
    end function
    pure integer(c_size_t) function c_workspace_size(network, rows) bind(c, name="netlet_workspace_size")
      import
      type(c_ptr), value :: network
      integer(c_size_t), value :: rows
    end function
    integer(c_int) function c_predict(network, x, out, error) bind(c, name="netlet_predict")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_ptr), value :: out
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_evaluate(network, x, targets, evaluation, size, error) bind(c, name="netlet_evaluate")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_targets), intent(in) :: targets
      type(netlet_evaluation), intent(inout) :: evaluation
      integer(c_size_t), value :: size
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_backward(network, x, targets, loss, gradient, error) bind(c, name="netlet_backward")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_targets), intent(in) :: targets
      real(c_double), intent(inout) :: loss
      type(c_ptr), value :: gradient
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_jacobian(network, x, out, error) bind(c, name="netlet_jacobian")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_ptr), value :: out
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_step(network, x, targets, optimizer, loss, error) bind(c, name="netlet_step")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_targets), intent(in) :: targets
      type(c_ptr), value :: optimizer
      real(c_double), intent(inout) :: loss
      type(c_error), intent(inout), optional :: error
    end function
    type(c_task) function c_step_task(network, rows, step) bind(c, name="netlet_step_task")
      import
      type(c_ptr), value :: network
      integer(c_size_t), value :: rows
      integer(c_int64_t), value :: step
    end function
    integer(c_size_t) function c_partial_size(network, task, first_row, rows) bind(c, name="netlet_partial_size")
      import
      type(c_ptr), value :: network
      type(c_task), intent(in) :: task
      integer(c_size_t), value :: first_row, rows
    end function
    integer(c_int) function c_partial(network, x, targets, task, first_row, partial, size, error) &
      bind(c, name="netlet_partial")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in) :: x
      type(c_targets), intent(in) :: targets
      type(c_task), intent(in) :: task
      integer(c_size_t), value :: first_row
      type(c_ptr), value :: partial
      integer(c_size_t), value :: size
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_combine(a, a_size, b, b_size, out, size, error) bind(c, name="netlet_combine")
      import
      type(c_ptr), value :: a, b, out
      integer(c_size_t), value :: a_size, b_size
      integer(c_size_t), intent(inout) :: size
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_finish(network, total, size, weight_mean, optimizer, gradient, loss, error) &
      bind(c, name="netlet_finish")
      import
      type(c_ptr), value :: network, total
      integer(c_size_t), value :: size
      real(c_double), value :: weight_mean
      type(c_ptr), value :: optimizer, gradient
      real(c_double), intent(inout) :: loss
      type(c_error), intent(inout), optional :: error
    end function
    type(c_fit_options) function c_fit_defaults(network) bind(c, name="netlet_fit_defaults")
      import
      type(c_ptr), value :: network
    end function
    integer(c_int) function c_fit(network, x, targets, optimizer, options, error) bind(c, name="netlet_fit")
      import
      type(c_ptr), value :: network
      type(netlet_array), intent(in), optional :: x
      type(c_targets), intent(in), optional :: targets
      type(c_ptr), value :: optimizer
      type(c_fit_options), intent(in) :: options
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_save(network, optimizer, path, error) bind(c, name="netlet_save")
      import
      type(c_ptr), value :: network, optimizer
      character(kind=c_char), intent(in) :: path(*)
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_load(path, network, optimizer, error) bind(c, name="netlet_load")
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_ptr), intent(out) :: network, optimizer
      type(c_error), intent(inout), optional :: error
    end function
    type(c_optimizer_config) function c_optimizer_defaults(kind) bind(c, name="netlet_optimizer_defaults")
      import
      integer(c_int32_t), value :: kind
    end function
    integer(c_int) function c_optimizer_create(config, optimizer, error) bind(c, name="netlet_optimizer_create")
      import
      type(c_optimizer_config), intent(in) :: config
      type(c_ptr), intent(out) :: optimizer
      type(c_error), intent(inout), optional :: error
    end function
    subroutine c_optimizer_free(optimizer) bind(c, name="netlet_optimizer_free")
      import
      type(c_ptr), value :: optimizer
    end subroutine
    type(c_optimizer_config) function c_optimizer_get_config(optimizer) bind(c, name="netlet_optimizer_get_config")
      import
      type(c_ptr), value :: optimizer
    end function
    integer(c_int) function c_optimizer_set_learning_rate(optimizer, rate, error) &
      bind(c, name="netlet_optimizer_set_learning_rate")
      import
      type(c_ptr), value :: optimizer
      real(c_double), value :: rate
      type(c_error), intent(inout), optional :: error
    end function
    pure integer(c_size_t) function c_optimizer_slot_count(optimizer) bind(c, name="netlet_optimizer_slot_count")
      import
      type(c_ptr), value :: optimizer
    end function
    pure integer(c_size_t) function c_optimizer_size(optimizer) bind(c, name="netlet_optimizer_size")
      import
      type(c_ptr), value :: optimizer
    end function
    pure integer(c_int) function c_optimizer_dtype(optimizer) bind(c, name="netlet_optimizer_dtype")
      import
      type(c_ptr), value :: optimizer
    end function
    pure type(c_optimizer_progress) function c_optimizer_get_progress(optimizer) &
      bind(c, name="netlet_optimizer_get_progress")
      import
      type(c_ptr), value :: optimizer
    end function
    integer(c_int) function c_optimizer_copy_state(optimizer, slots, size, dtype, progress, error) &
      bind(c, name="netlet_optimizer_copy_state")
      import
      type(c_ptr), value :: optimizer, slots
      integer(c_size_t), value :: size
      integer(c_int32_t), value :: dtype
      type(c_optimizer_progress), intent(inout) :: progress
      type(c_error), intent(inout), optional :: error
    end function
    integer(c_int) function c_optimizer_set_state(optimizer, slots, size, dtype, progress, error) &
      bind(c, name="netlet_optimizer_set_state")
      import
      type(c_ptr), value :: optimizer, slots
      integer(c_size_t), value :: size
      integer(c_int32_t), value :: dtype
      type(c_optimizer_progress), intent(in) :: progress
      type(c_error), intent(inout), optional :: error
    end function
  end interface

  ! What the callbacks of fit find through its context.
  type :: fitting
    type(netlet_fit_options), pointer :: options => null()
    type(netlet_history), pointer :: history => null()
    character(:), allocatable :: message  ! of a failure that only the callback knows
  end type

  integer(c_int8_t), target :: nothing(1) = 0  ! where views of empty arrays point to

contains

  ! ---- errors

  ! stat, errmsg, or the end of the program.
  subroutine report(status, message, stat, errmsg)
    integer(c_int), intent(in) :: status
    character(*), intent(in) :: message
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(stat)) stat = status
    if (status == NETLET_OK) return
    if (present(errmsg)) errmsg = message
    if (.not. present(stat)) error stop "netlet: " // message
  end subroutine

  ! The same with the message of a call of netlet.h, after that of what it is about.
  subroutine conclude(status, error, stat, errmsg, about)
    integer(c_int), intent(in) :: status
    type(c_error), intent(in) :: error
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(*), intent(in), optional :: about
    if (status == NETLET_OK) then
      if (present(stat)) stat = status
    else if (present(about)) then
      call report(status, about // text_of(error), stat, errmsg)
    else
      call report(status, text_of(error), stat, errmsg)
    end if
  end subroutine

  function text_of(error) result(text)
    type(c_error), intent(in) :: error
    character(:), allocatable :: text
    integer :: i
    text = ""
    do i = 1, size(error%message)
      if (error%message(i) == c_null_char) exit
      text = text // error%message(i)
    end do
  end function

  ! Whether there is no network; that is then reported.
  logical function missing_network(self, stat, errmsg)
    class(netlet_network), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    missing_network = .not. is_open(self)
    if (missing_network) call report(NETLET_ERROR_ARGUMENT, &
      "network: expected one that was created or loaded, got an empty or closed one", stat, errmsg)
  end function

  logical function missing_optimizer(optimizer, stat, errmsg)
    class(netlet_optimizer), intent(in) :: optimizer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    missing_optimizer = .not. c_associated(handle_of(optimizer%held))
    if (missing_optimizer) call report(NETLET_ERROR_ARGUMENT, &
      "optimizer: expected one that was created or loaded, got an empty or closed one", stat, errmsg)
  end function

  ! Whether rows have the wrong length; that is then reported.
  logical function wrong_columns(name, values, rows, expected, stat, errmsg)
    character(*), intent(in) :: name, values
    type(netlet_array), intent(in) :: rows
    integer, intent(in) :: expected
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    wrong_columns = rows%columns /= expected
    if (wrong_columns) call report(NETLET_ERROR_ARGUMENT, name // ": expected " // &
      number(int(expected, c_size_t)) // " " // values // " per row, got " // number(rows%columns) // &
      layout_hint(values, rows%rows == expected), stat, errmsg)
  end function

  ! Whether inputs have the wrong length, or targets lie the other way round; that is then reported.
  logical function wrong_shapes(prefix, self, x, y, stat, errmsg)
    character(*), intent(in) :: prefix
    class(netlet_network), intent(in) :: self
    type(netlet_array), intent(in) :: x, y
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    wrong_shapes = wrong_columns(prefix // "x", "inputs", x, inputs(self), stat, errmsg)
    if (wrong_shapes) return
    wrong_shapes = y%rows /= x%rows .and. y%columns == x%rows .and. any(y%rows == [targets(self), predictions(self)])
    if (wrong_shapes) call report(NETLET_ERROR_ARGUMENT, prefix // "y: expected " // number(x%rows) // &
      " rows, as many as x has, got " // number(y%rows) // layout_hint("targets", .true.), stat, errmsg)
  end function

  ! What to do about an array that would fit the other way round.
  function layout_hint(values, fits) result(text)
    character(*), intent(in) :: values
    logical, intent(in) :: fits
    character(:), allocatable :: text
    text = ""
    if (fits) text = "; the shape is (" // values // ", rows), or (rows, " // values // ") with rows_first=.true."
  end function

  function number(value) result(text)
    integer(c_size_t), intent(in) :: value
    character(:), allocatable :: text
    character(24) :: digits
    write (digits, '(i0)') value
    text = trim(digits)
  end function

  ! ---- the library

  function netlet_version() result(text)
    character(:), allocatable :: text
    character(kind=c_char), pointer :: characters(:)
    integer :: i
    call c_f_pointer(c_version(), characters, [32])
    text = ""
    do i = 1, size(characters)
      if (characters(i) == c_null_char) exit
      text = text // characters(i)
    end do
  end function

  ! How many threads share the work of a call, the calling thread included; their number changes no result.
  integer function netlet_get_num_threads()
    netlet_get_num_threads = int(c_get_num_threads())
  end function

  subroutine netlet_set_num_threads(count, stat, errmsg)
    integer, intent(in) :: count
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    status = c_set_num_threads(int(count, c_size_t), error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! At most so many for calls that this thread makes from now on; 0: no limit, as in the beginning. The limit before.
  integer function netlet_limit_threads(count)
    integer, intent(in) :: count
    netlet_limit_threads = int(c_limit_threads(int(count, c_size_t)))
  end function

  ! ---- networks

  ! Parameters are drawn from the seed. By default sigmoid layers, squared error, sum over the rows, float64, seed 0.
  subroutine create_network(self, layer_sizes, activations, loss, reduction, dtype, loss_parameters, dropout, init, &
                            seed, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    integer, intent(in) :: layer_sizes(:)  ! inputs, hidden layers, outputs
    integer, intent(in), optional :: activations(:)  ! one for each layer, the output layer included
    integer, intent(in), optional :: loss, reduction, dtype, init
    real(c_double), intent(in), optional :: loss_parameters(:)
    real(c_double), intent(in), optional :: dropout(:)  ! the share of each hidden layer
    integer(c_int64_t), intent(in), optional :: seed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_size_t), target :: sizes(size(layer_sizes))
    integer(c_int32_t), target :: kinds(max(1, size(layer_sizes) - 1))
    real(c_double), allocatable, target :: parameters(:), shares(:)
    type(c_config) :: config
    type(c_error) :: error
    type(c_ptr) :: handle
    integer(c_int) :: status
    integer :: how
    integer(c_int64_t) :: from
    sizes = int(layer_sizes, c_size_t)
    where (layer_sizes < 0) sizes = 0  ! which is refused
    kinds = NETLET_SIGMOID
    if (present(activations)) then
      if (size(activations) /= size(layer_sizes) - 1) then
        call report(NETLET_ERROR_ARGUMENT, "activations: expected one for each of the " // &
          number(size(layer_sizes, kind=c_size_t) - 1) // " layers, got " // number(size(activations, kind=c_size_t)), &
          stat, errmsg)
        return
      end if
      kinds = int(activations, c_int32_t)
    end if
    config = c_config(c_loc(sizes), size(sizes, kind=c_size_t), c_loc(kinds), NETLET_SQUARED_ERROR, NETLET_SUM, &
      NETLET_FLOAT64, c_null_ptr, 0_c_size_t, c_null_ptr)
    if (present(loss)) config%loss = int(loss, c_int32_t)
    if (present(reduction)) config%reduction = int(reduction, c_int32_t)
    if (present(dtype)) config%dtype = int(dtype, c_int32_t)
    if (present(loss_parameters)) then
      parameters = loss_parameters
      config%loss_parameters = c_loc(parameters)
      config%loss_parameter_count = size(parameters, kind=c_size_t)
    end if
    if (present(dropout)) then
      if (size(dropout) /= size(layer_sizes) - 2) then
        call report(NETLET_ERROR_ARGUMENT, "dropout: expected one share for each hidden layer, got " // &
          number(size(dropout, kind=c_size_t)), stat, errmsg)
        return
      end if
      shares = dropout
      if (size(shares) > 0) config%dropout = c_loc(shares)
    end if
    how = NETLET_GLOROT_UNIFORM
    if (present(init)) how = init
    from = 0
    if (present(seed)) from = seed
    status = c_network_create(config, handle, error)
    if (status == NETLET_OK) then
      status = c_initialize(handle, int(how, c_int32_t), from, error)
      if (status == NETLET_OK) then
        call adopt_network(self, handle)
      else
        call c_network_free(handle)
      end if
    end if
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! Draws the parameters anew; epochs_trained becomes 0.
  subroutine initialize(self, init, seed, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    integer, intent(in) :: init
    integer(c_int64_t), intent(in) :: seed
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    if (missing_network(self, stat, errmsg)) return
    status = c_initialize(handle_of(self%held), int(init, c_int32_t), seed, error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! From a file that any language has written; optimizer: that which was saved with it, to resume training.
  subroutine load(self, path, optimizer, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    character(*), intent(in) :: path
    class(netlet_optimizer), intent(inout), optional :: optimizer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    type(c_ptr) :: handle, saved
    integer(c_int) :: status
    status = c_load(trim(path) // c_null_char, handle, saved, error)
    if (status /= NETLET_OK) then
      call conclude(status, error, stat, errmsg, trim(path) // ": ")
    else if (present(optimizer) .and. .not. c_associated(saved)) then
      call c_network_free(handle)
      call report(NETLET_ERROR_ARGUMENT, trim(path) // ": expected a network saved with an optimizer", stat, errmsg)
    else
      call adopt_network(self, handle)
      if (present(optimizer)) then
        call adopt_optimizer(optimizer, saved)
      else
        call c_optimizer_free(saved)
      end if
      call report(NETLET_OK, "", stat)
    end if
  end subroutine

  ! The file is replaced as a whole.
  subroutine save(self, path, optimizer, stat, errmsg)
    class(netlet_network), intent(in) :: self
    character(*), intent(in) :: path
    class(netlet_optimizer), intent(in), optional :: optimizer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    type(c_ptr) :: state
    integer(c_int) :: status
    if (missing_network(self, stat, errmsg)) return
    state = c_null_ptr
    if (present(optimizer)) then
      if (missing_optimizer(optimizer, stat, errmsg)) return
      state = handle_of(optimizer%held)
    end if
    status = c_save(handle_of(self%held), state, trim(path) // c_null_char, error)
    call conclude(status, error, stat, errmsg, trim(path) // ": ")
  end subroutine

  ! What assignment does, with stat: an independent network with the same parameters, scaling, seed and epochs.
  subroutine copy_to(self, other, stat, errmsg)
    class(netlet_network), intent(in) :: self
    class(netlet_network), intent(inout) :: other
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    type(c_ptr) :: handle
    integer(c_int) :: status
    if (missing_network(self, stat, errmsg)) return
    status = c_network_copy(handle_of(self%held), handle, error)
    if (status == NETLET_OK) call adopt_network(other, handle)
    call conclude(status, error, stat, errmsg)
  end subroutine

  impure elemental subroutine assign_network(self, other)
    class(netlet_network), intent(inout) :: self
    class(netlet_network), intent(in) :: other
    type(c_error) :: error
    type(c_ptr) :: handle
    integer(c_int) :: status
    if (.not. c_associated(handle_of(other%held))) then
      call close_network(self)
    else if (.not. c_associated(handle_of(self%held), handle_of(other%held))) then
      status = c_network_copy(handle_of(other%held), handle, error)
      call conclude(status, error)
      call adopt_network(self, handle)
    end if
  end subroutine

  ! Takes the place of what was there.
  subroutine adopt_network(self, handle)
    class(netlet_network), intent(inout) :: self
    type(c_ptr), intent(in) :: handle
    call close_network(self)
    call hold(self%held, handle)
  end subroutine

  impure elemental subroutine close_network(self)
    class(netlet_network), intent(inout) :: self
    call c_network_free(handle_of(self%held))
    call let_go(self%held)
  end subroutine

  impure elemental subroutine finalize_network(self)
    type(netlet_network), intent(inout) :: self
    call close_network(self)
  end subroutine

  pure type(c_ptr) function handle_of(held)
    type(reference), intent(in) :: held
    handle_of = c_null_ptr
    if (.not. associated(held%at)) return
    if (held%at%generation == held%generation) handle_of = held%at%handle
  end function

  subroutine hold(held, handle)
    type(reference), intent(inout) :: held
    type(c_ptr), intent(in) :: handle
    !$omp critical (netlet_places)
    if (associated(unused)) then
      held%at => unused
      unused => unused%next
    else
      allocate (held%at)
    end if
    !$omp end critical (netlet_places)
    held%at%handle = handle
    held%generation = held%at%generation
  end subroutine

  ! What it has held is freed.
  subroutine let_go(held)
    type(reference), intent(inout) :: held
    if (.not. associated(held%at)) return
    if (held%at%generation == held%generation) then
      held%at%generation = held%generation + 1
      !$omp critical (netlet_places)
      held%at%next => unused
      unused => held%at
      !$omp end critical (netlet_places)
    end if
    held = reference()
  end subroutine

  integer(c_intptr_t) function address(pointer)
    type(c_ptr), intent(in) :: pointer
    address = transfer(pointer, address)
  end function

  ! Whether there is a network. An empty one has 0 inputs, outputs, ...
  pure logical function is_open(self)
    class(netlet_network), intent(in) :: self
    is_open = c_associated(handle_of(self%held))
  end function

  pure integer function inputs(self)
    class(netlet_network), intent(in) :: self
    inputs = 0
    if (is_open(self)) inputs = int(c_inputs(handle_of(self%held)))
  end function

  pure integer function outputs(self)
    class(netlet_network), intent(in) :: self
    outputs = 0
    if (is_open(self)) outputs = int(c_outputs(handle_of(self%held)))
  end function

  ! The number of targets of a row: outputs, or half of them with NETLET_GAUSSIAN_NLL.
  pure integer function targets(self)
    class(netlet_network), intent(in) :: self
    targets = 0
    if (is_open(self)) targets = int(c_target_count(handle_of(self%held)))
  end function

  ! The number of values of a row that predict gives: targets, or 1 with NETLET_CROSS_ENTROPY.
  pure integer function predictions(self)
    class(netlet_network), intent(in) :: self
    predictions = 0
    if (is_open(self)) predictions = int(c_prediction_count(handle_of(self%held)))
  end function

  pure function layer_sizes(self) result(sizes)
    class(netlet_network), intent(in) :: self
    integer, allocatable :: sizes(:)
    integer(c_size_t) :: i
    allocate (sizes(0))
    if (.not. is_open(self)) return
    sizes = [(int(c_layer_size(handle_of(self%held), i)), i = 0, c_layer_size_count(handle_of(self%held)) - 1)]
  end function

  pure integer(c_size_t) function parameter_count(self)
    class(netlet_network), intent(in) :: self
    parameter_count = 0
    if (is_open(self)) parameter_count = c_parameter_count(handle_of(self%held))
  end function

  ! NETLET_FLOAT32 or NETLET_FLOAT64
  pure integer function network_dtype(self)
    class(netlet_network), intent(in) :: self
    network_dtype = NETLET_FLOAT64
    if (is_open(self)) network_dtype = c_network_dtype(handle_of(self%held))
  end function

  pure integer(c_int64_t) function network_seed(self)
    class(netlet_network), intent(in) :: self
    network_seed = 0
    if (is_open(self)) network_seed = c_seed(handle_of(self%held))
  end function

  pure integer(c_int64_t) function epochs_trained(self)
    class(netlet_network), intent(in) :: self
    epochs_trained = 0
    if (is_open(self)) epochs_trained = c_epochs_trained(handle_of(self%held))
  end function

  ! SHA-256 of the network, the same in every language.
  character(64) function fingerprint(self, stat, errmsg)
    class(netlet_network), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char) :: hex(65)
    type(c_error) :: error
    integer(c_int) :: status
    integer :: i
    fingerprint = ""
    if (missing_network(self, stat, errmsg)) return
    status = c_fingerprint(handle_of(self%held), hex, error)
    if (status == NETLET_OK) then
      do i = 1, 64
        fingerprint(i:i) = hex(i)
      end do
    end if
    call conclude(status, error, stat, errmsg)
  end function

  ! All parameters, W1, b1, W2, b2, ...; a layer's weights are (outputs, inputs) in Fortran's order. The network's own
  ! memory: what is written there is its parameters. p is null if the network's dtype is another.
  subroutine parameters_r4(self, p)
    class(netlet_network), intent(in) :: self
    real(c_float), pointer, intent(out) :: p(:)
    p => null()
    if (is_open(self) .and. network_dtype(self) == NETLET_FLOAT32) &
      call c_f_pointer(c_parameters(handle_of(self%held)), p, [c_parameter_count(handle_of(self%held))])
  end subroutine

  subroutine parameters_r8(self, p)
    class(netlet_network), intent(in) :: self
    real(c_double), pointer, intent(out) :: p(:)
    p => null()
    if (is_open(self) .and. network_dtype(self) == NETLET_FLOAT64) &
      call c_f_pointer(c_parameters(handle_of(self%held)), p, [c_parameter_count(handle_of(self%held))])
  end subroutine

  ! kind: NETLET_SCALE_INPUTS or NETLET_SCALE_OUTPUTS; without shift and scale: no scaling.
  subroutine set_scaling(self, kind, shift, scale, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    integer, intent(in) :: kind
    real(c_double), intent(in), optional :: shift(:), scale(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(c_double), allocatable, target :: shifts(:), scales(:)
    type(c_ptr) :: at_shift, at_scale
    type(c_error) :: error
    integer(c_int) :: status
    integer :: count
    if (missing_network(self, stat, errmsg)) return
    count = merge(inputs(self), targets(self), kind == NETLET_SCALE_INPUTS)
    at_shift = c_null_ptr
    at_scale = c_null_ptr
    if (present(shift)) then
      shifts = shift
      at_shift = c_loc(shifts)
      if (wrong_count("shift", size(shift), count, stat, errmsg)) return
    end if
    if (present(scale)) then
      scales = scale
      at_scale = c_loc(scales)
      if (wrong_count("scale", size(scale), count, stat, errmsg)) return
    end if
    status = c_set_scaling(handle_of(self%held), int(kind, c_int32_t), at_shift, at_scale, error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  logical function wrong_count(name, count, expected, stat, errmsg)
    character(*), intent(in) :: name
    integer, intent(in) :: count, expected
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    wrong_count = count /= expected
    if (wrong_count) call report(NETLET_ERROR_ARGUMENT, name // ": expected " // number(int(expected, c_size_t)) // &
      " values, got " // number(int(count, c_size_t)), stat, errmsg)
  end function

  ! From the means and standard deviations of rows: netlet_view(x).
  subroutine learn_scaling(self, kind, rows, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    integer, intent(in) :: kind
    type(netlet_array), intent(in) :: rows
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    integer(c_int32_t) :: nan
    if (missing_network(self, stat, errmsg)) return
    nan = NETLET_MISSING_REFUSE
    if (present(missing)) nan = int(missing, c_int32_t)
    select case (kind)
    case (NETLET_SCALE_INPUTS)
      if (wrong_columns("x", "inputs", rows, inputs(self), stat, errmsg)) return
    case (NETLET_SCALE_OUTPUTS)
      if (wrong_columns("y", "targets", rows, targets(self), stat, errmsg)) return
    end select
    status = c_learn_scaling(handle_of(self%held), int(kind, c_int32_t), rows, sample_weight, nan, error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! ---- arrays

  ! first: the address of the first element; down and right: of its neighbours in the two directions of the array,
  ! which has n1 x n2 elements. (Scalars, because gfortran allocates temporary arrays even of two elements.)
  type(netlet_array) function strided(dtype, bytes, first, down, right, n1, n2, rows_first) result(a)
    integer(c_int32_t), intent(in) :: dtype
    integer(c_intptr_t), intent(in) :: bytes, first, down, right
    integer(c_size_t), intent(in) :: n1, n2
    logical, intent(in), optional :: rows_first
    integer(c_ptrdiff_t) :: stride1, stride2
    logical :: swapped
    a%data = transfer(first, a%data)
    a%dtype = dtype
    stride1 = merge(bytes, down - first, n1 < 2)
    stride2 = merge(bytes * int(n1, c_intptr_t), right - first, n2 < 2)
    swapped = .false.
    if (present(rows_first)) swapped = rows_first
    if (swapped) then
      a%rows = n1
      a%columns = n2
      a%row_stride = stride1
      a%column_stride = stride2
    else
      a%rows = n2
      a%columns = n1
      a%row_stride = stride2
      a%column_stride = stride1
    end if
  end function

  type(netlet_array) function view_r4_2(x, rows_first) result(a)
    real(c_float), target :: x(:, :)
    logical, intent(in), optional :: rows_first
    integer(c_intptr_t) :: first, down, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1, 1)))
    down = first
    right = first
    if (size(x) > 0) down = address(c_loc(x(min(2, size(x, 1)), 1)))
    if (size(x) > 0) right = address(c_loc(x(1, min(2, size(x, 2)))))
    a = strided(NETLET_FLOAT32, 4_c_intptr_t, first, down, right, size(x, 1, c_size_t), size(x, 2, c_size_t), rows_first)
  end function

  type(netlet_array) function view_r4_1(x) result(a)
    real(c_float), target :: x(:)
    integer(c_intptr_t) :: first, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1)))
    right = first
    if (size(x) > 1) right = address(c_loc(x(2)))
    a = strided(NETLET_FLOAT32, 4_c_intptr_t, first, first, right, 1_c_size_t, size(x, kind=c_size_t))
  end function

  type(netlet_array) function view_r8_2(x, rows_first) result(a)
    real(c_double), target :: x(:, :)
    logical, intent(in), optional :: rows_first
    integer(c_intptr_t) :: first, down, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1, 1)))
    down = first
    right = first
    if (size(x) > 0) down = address(c_loc(x(min(2, size(x, 1)), 1)))
    if (size(x) > 0) right = address(c_loc(x(1, min(2, size(x, 2)))))
    a = strided(NETLET_FLOAT64, 8_c_intptr_t, first, down, right, size(x, 1, c_size_t), size(x, 2, c_size_t), rows_first)
  end function

  type(netlet_array) function view_r8_1(x) result(a)
    real(c_double), target :: x(:)
    integer(c_intptr_t) :: first, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1)))
    right = first
    if (size(x) > 1) right = address(c_loc(x(2)))
    a = strided(NETLET_FLOAT64, 8_c_intptr_t, first, first, right, 1_c_size_t, size(x, kind=c_size_t))
  end function

  type(netlet_array) function view_i4_2(x, rows_first) result(a)
    integer(c_int32_t), target :: x(:, :)
    logical, intent(in), optional :: rows_first
    integer(c_intptr_t) :: first, down, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1, 1)))
    down = first
    right = first
    if (size(x) > 0) down = address(c_loc(x(min(2, size(x, 1)), 1)))
    if (size(x) > 0) right = address(c_loc(x(1, min(2, size(x, 2)))))
    a = strided(NETLET_INT32, 4_c_intptr_t, first, down, right, size(x, 1, c_size_t), size(x, 2, c_size_t), rows_first)
  end function

  type(netlet_array) function view_i4_1(x) result(a)
    integer(c_int32_t), target :: x(:)
    integer(c_intptr_t) :: first, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1)))
    right = first
    if (size(x) > 1) right = address(c_loc(x(2)))
    a = strided(NETLET_INT32, 4_c_intptr_t, first, first, right, 1_c_size_t, size(x, kind=c_size_t))
  end function

  type(netlet_array) function view_i8_2(x, rows_first) result(a)
    integer(c_int64_t), target :: x(:, :)
    logical, intent(in), optional :: rows_first
    integer(c_intptr_t) :: first, down, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1, 1)))
    down = first
    right = first
    if (size(x) > 0) down = address(c_loc(x(min(2, size(x, 1)), 1)))
    if (size(x) > 0) right = address(c_loc(x(1, min(2, size(x, 2)))))
    a = strided(NETLET_INT64, 8_c_intptr_t, first, down, right, size(x, 1, c_size_t), size(x, 2, c_size_t), rows_first)
  end function

  type(netlet_array) function view_i8_1(x) result(a)
    integer(c_int64_t), target :: x(:)
    integer(c_intptr_t) :: first, right
    first = address(c_loc(nothing))
    if (size(x) > 0) first = address(c_loc(x(1)))
    right = first
    if (size(x) > 1) right = address(c_loc(x(2)))
    a = strided(NETLET_INT64, 8_c_intptr_t, first, first, right, 1_c_size_t, size(x, kind=c_size_t))
  end function

  ! A column as the one row of an array.
  type(netlet_array) function as_row(column) result(a)
    type(netlet_array), intent(in) :: column
    a = column
    a%rows = 1
    a%columns = column%rows
    a%column_stride = column%row_stride
    a%row_stride = column%row_stride * int(column%rows, c_ptrdiff_t)
  end function

  ! ---- forward and predict

  ! A function of netlet.h, with its results in y, whatever that looks like.
  subroutine run(self, predicting, x, y, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    logical, intent(in) :: predicting
    type(netlet_array), intent(in) :: x, y
    type(netlet_workspace), intent(inout), optional, target :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t), allocatable, target :: results(:)  ! of any dtype: none has more bytes
    type(c_error) :: error
    type(c_ptr) :: to
    integer(c_int) :: status
    integer(c_int32_t) :: dtype
    integer(c_size_t) :: columns
    integer :: failed
    if (missing_network(self, stat, errmsg)) return
    if (predicting) then
      dtype = c_prediction_dtype(handle_of(self%held))
      columns = c_prediction_count(handle_of(self%held))
    else
      dtype = c_network_dtype(handle_of(self%held))
      columns = c_outputs(handle_of(self%held))
    end if
    if (wrong_columns("x", "inputs", x, inputs(self), stat, errmsg)) return
    if (y%rows /= x%rows .or. y%columns /= columns) then
      call report(NETLET_ERROR_ARGUMENT, "y: expected " // number(columns) // " values for each of the " // &
        number(x%rows) // " rows of x, got " // number(y%columns) // " for each of " // number(y%rows) // &
        layout_hint("values", y%rows == columns .and. y%columns == x%rows), stat, errmsg)
    else if (dtype /= NETLET_INT64 .and. .not. is_real(y%dtype)) then
      call report(NETLET_ERROR_ARGUMENT, "y: expected real values, got integers", stat, errmsg)
    else if (present(workspace)) then
      if (.not. allocated(workspace%memory)) then
        call report(NETLET_ERROR_ARGUMENT, "workspace: expected one that was created, got an empty one", stat, errmsg)
        return
      end if
      to = y%data
      if (.not. contiguous_rows(y, dtype)) then
        to = c_loc(workspace%results)
        if (x%rows * columns > size(workspace%results, kind=c_size_t)) then
          call report(NETLET_ERROR_ARGUMENT, "workspace: expected one for " // number(x%rows) // " rows", stat, errmsg)
          return
        end if
      end if
      if (present(stat) .and. .not. present(errmsg)) then  ! no message, which would take its time
        status = c_forward_realtime(handle_of(self%held), x, to, aligned(workspace), room(workspace))
        stat = status
      else
        status = c_forward_realtime(handle_of(self%held), x, to, aligned(workspace), room(workspace), error)
        call conclude(status, error, stat, errmsg)
      end if
      if (status == NETLET_OK .and. .not. contiguous_rows(y, dtype)) call scatter(to, dtype, y)
    else if (contiguous_rows(y, dtype)) then
      status = compute(self, predicting, x, y%data, error)
      call conclude(status, error, stat, errmsg)
    else
      allocate (results(max(1_c_size_t, x%rows * columns)), stat=failed)
      if (failed /= 0) then
        call report(NETLET_ERROR_MEMORY, "y: out of memory for the results before they are converted", stat, errmsg)
        return
      end if
      status = compute(self, predicting, x, c_loc(results), error)
      if (status == NETLET_OK) call scatter(c_loc(results), dtype, y)
      call conclude(status, error, stat, errmsg)
    end if
  end subroutine

  integer(c_int) function compute(self, predicting, x, to, error)
    class(netlet_network), intent(in) :: self
    logical, intent(in) :: predicting
    type(netlet_array), intent(in) :: x
    type(c_ptr), intent(in) :: to
    type(c_error), intent(inout) :: error
    if (predicting) then
      compute = c_predict(handle_of(self%held), x, to, error)
    else
      compute = c_forward(handle_of(self%held), x, to, error)
    end if
  end function

  pure logical function is_real(dtype)
    integer(c_int32_t), intent(in) :: dtype
    is_real = dtype == NETLET_FLOAT32 .or. dtype == NETLET_FLOAT64
  end function

  pure integer(c_ptrdiff_t) function bytes_of(dtype)
    integer(c_int32_t), intent(in) :: dtype
    bytes_of = merge(4, 8, dtype == NETLET_FLOAT32 .or. dtype == NETLET_INT32)
  end function

  ! Whether netlet can write its results there.
  pure logical function contiguous_rows(y, dtype)
    type(netlet_array), intent(in) :: y
    integer(c_int32_t), intent(in) :: dtype
    integer(c_ptrdiff_t) :: bytes
    bytes = bytes_of(dtype)
    contiguous_rows = y%dtype == dtype .and. (y%columns < 2 .or. y%column_stride == bytes) .and. &
      (y%rows < 2 .or. y%row_stride == bytes * int(y%columns, c_ptrdiff_t))
  end function

  ! Contiguous rows of that dtype into y, converted.
  subroutine scatter(from, dtype, y)
    type(c_ptr), intent(in) :: from
    integer(c_int32_t), intent(in) :: dtype
    type(netlet_array), intent(in) :: y
    integer(c_intptr_t) :: first, row, bytes
    integer(c_size_t) :: i, j
    first = address(from)
    bytes = bytes_of(dtype)
    do i = 0, int(y%rows) - 1
      row = address(y%data) + i * y%row_stride
      do j = 0, int(y%columns) - 1
        call put(value_at(first, dtype), row + j * y%column_stride, y%dtype)
        first = first + bytes
      end do
    end do
  end subroutine

  real(c_double) function value_at(at, dtype)
    integer(c_intptr_t), intent(in) :: at
    integer(c_int32_t), intent(in) :: dtype
    real(c_float), pointer :: single
    real(c_double), pointer :: double
    integer(c_int64_t), pointer :: index
    select case (dtype)
    case (NETLET_FLOAT32)
      call c_f_pointer(transfer(at, c_null_ptr), single)
      value_at = real(single, c_double)
    case (NETLET_FLOAT64)
      call c_f_pointer(transfer(at, c_null_ptr), double)
      value_at = double
    case default
      call c_f_pointer(transfer(at, c_null_ptr), index)
      value_at = real(index, c_double)
    end select
  end function

  subroutine put(value, at, dtype)
    real(c_double), intent(in) :: value
    integer(c_intptr_t), intent(in) :: at
    integer(c_int32_t), intent(in) :: dtype
    real(c_float), pointer :: single
    real(c_double), pointer :: double
    integer(c_int32_t), pointer :: short
    integer(c_int64_t), pointer :: long
    select case (dtype)
    case (NETLET_FLOAT32)
      call c_f_pointer(transfer(at, c_null_ptr), single)
      single = real(value, c_float)
    case (NETLET_FLOAT64)
      call c_f_pointer(transfer(at, c_null_ptr), double)
      double = value
    case (NETLET_INT32)
      call c_f_pointer(transfer(at, c_null_ptr), short)
      short = int(value, c_int32_t)
    case default
      call c_f_pointer(transfer(at, c_null_ptr), long)
      long = int(value, c_int64_t)
    end select
  end subroutine

  subroutine create_workspace(self, network, rows, stat, errmsg)
    class(netlet_workspace), intent(inout) :: self
    class(netlet_network), intent(in) :: network
    integer, intent(in) :: rows
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int8_t), allocatable :: memory(:)
    integer(c_int64_t), allocatable :: results(:)
    integer(c_size_t) :: bytes, most
    integer :: failed
    if (missing_network(network, stat, errmsg)) return
    most = int(max(rows, 0), c_size_t)
    bytes = c_workspace_size(handle_of(network%held), most)
    failed = 1
    if (bytes >= 0) &  ! -1: it overflows
      allocate (memory(bytes + 63), results(max(1_c_size_t, most * c_outputs(handle_of(network%held)))), stat=failed)
    if (failed == 0) then
      call move_alloc(memory, self%memory)
      call move_alloc(results, self%results)
      call report(NETLET_OK, "", stat)
    else
      call report(NETLET_ERROR_MEMORY, "workspace: out of memory", stat, errmsg)
    end if
  end subroutine

  ! Where 64 bytes are together in the cache.
  type(c_ptr) function aligned(workspace)
    type(netlet_workspace), intent(in), target :: workspace
    integer(c_intptr_t) :: at
    at = address(c_loc(workspace%memory))
    aligned = transfer(at + modulo(-at, 64_c_intptr_t), aligned)
  end function

  integer(c_size_t) function room(workspace)
    type(netlet_workspace), intent(in) :: workspace
    room = size(workspace%memory, kind=c_size_t) - 63
  end function

  ! ---- training and derivatives

  type(c_targets) function targets_of(y, sample_weight, missing) result(targets)
    type(netlet_array), intent(in), target :: y, sample_weight
    integer, intent(in) :: missing
    targets = c_targets(c_loc(y), c_null_ptr, c_null_ptr, 0, int(missing, c_int32_t))
    if (c_associated(sample_weight%data)) targets%sample_weight = c_loc(sample_weight)
  end function

  subroutine evaluate_views(self, x, y, evaluation, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    type(netlet_array), intent(in) :: x
    type(netlet_array), intent(in), target :: y
    type(netlet_evaluation), intent(inout) :: evaluation
    type(netlet_array), intent(in), optional, target :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    type(netlet_array), target :: weight
    integer :: nan
    if (missing_network(self, stat, errmsg)) return
    if (wrong_shapes("", self, x, y, stat, errmsg)) return
    if (present(sample_weight)) weight = sample_weight
    nan = NETLET_MISSING_REFUSE
    if (present(missing)) nan = missing
    status = c_evaluate(handle_of(self%held), x, targets_of(y, weight, nan), evaluation, c_sizeof(evaluation), error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! One step on one batch; loss: that before it.
  subroutine step_views(self, x, y, optimizer, loss, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    type(netlet_array), intent(in) :: x
    type(netlet_array), intent(in), target :: y
    class(netlet_optimizer), intent(inout) :: optimizer
    real(c_double), intent(out), optional :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    real(c_double) :: before
    type(netlet_array), target :: none
    if (missing_network(self, stat, errmsg)) return
    if (missing_optimizer(optimizer, stat, errmsg)) return
    if (wrong_shapes("", self, x, y, stat, errmsg)) return
    status = c_step(handle_of(self%held), x, targets_of(y, none, NETLET_MISSING_REFUSE), handle_of(optimizer%held), &
      before, error)
    if (present(loss)) loss = before
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! The whole training; optimizer and network keep what they have learned. history: what each epoch gave, also those
  ! before a failure.
  subroutine fit_views(self, x, y, optimizer, options, history, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    type(netlet_array), intent(in) :: x
    type(netlet_array), intent(in) :: y
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_fit_options) :: given
    if (missing_network(self, stat, errmsg)) return
    if (wrong_shapes("", self, x, y, stat, errmsg)) return
    if (present(options)) given = options
    call train(self, optimizer, given, x, y, history, stat, errmsg)
  end subroutine

  ! On rows that are elsewhere: options%sums gives the sums over them.
  subroutine fit_sums(self, optimizer, options, history, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in) :: options
    type(netlet_history), intent(inout), optional :: history
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (missing_network(self, stat, errmsg)) return
    if (.not. associated(options%sums)) then
      call report(NETLET_ERROR_ARGUMENT, "sums: expected a procedure in options%sums, as there are no x and y", stat, &
        errmsg)
      return
    else if (c_associated(options%sample_weight%data)) then
      call report(NETLET_ERROR_ARGUMENT, "sample_weight: expected none in the options, as partial is given the " // &
        "weights; options%weighted says that there are any", stat, errmsg)
      return
    end if
    call train(self, optimizer, options, history=history, stat=stat, errmsg=errmsg)
  end subroutine

  subroutine train(self, optimizer, options, x, y, history, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in) :: options
    type(netlet_array), intent(in), optional :: x
    type(netlet_array), intent(in), optional, target :: y
    type(netlet_history), intent(inout), optional, target :: history
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_fit_options), target :: given
    type(netlet_history), target :: unseen
    type(netlet_array), target :: validation_x, validation_y, weight, validation_weight
    type(c_targets), target :: targets, validation
    type(c_fit_options) :: c
    type(fitting), target :: context
    type(c_error) :: error
    integer(c_int) :: status
    if (missing_optimizer(optimizer, stat, errmsg)) return
    given = options
    if (c_associated(given%validation_x%data) .and. c_associated(given%validation_y%data)) then
      if (wrong_shapes("validation_", self, given%validation_x, given%validation_y, stat, errmsg)) return
    end if
    context%options => given
    context%history => unseen
    if (present(history)) context%history => history
    call begin(context%history, given%epochs)
    c = to_c_options(given, self)
    if (c_associated(given%validation_x%data)) then
      validation_x = given%validation_x
      c%validation_x = c_loc(validation_x)
    end if
    if (c_associated(given%validation_y%data)) then
      validation_y = given%validation_y
      validation_weight = given%validation_weight
      validation = targets_of(validation_y, validation_weight, given%missing)
      c%validation_targets = c_loc(validation)
    end if
    c%context = c_loc(context)
    if (present(y)) then
      weight = given%sample_weight
      targets = targets_of(y, weight, given%missing)
      status = c_fit(handle_of(self%held), x, targets, handle_of(optimizer%held), c, error)
    else
      status = c_fit(handle_of(self%held), optimizer=handle_of(optimizer%held), options=c, error=error)
    end if
    call finish(context%history)
    if (allocated(context%message)) then
      call report(status, context%message, stat, errmsg)
    else
      call conclude(status, error, stat, errmsg)
    end if
  end subroutine

  ! All but the validation data and the context.
  type(c_fit_options) function to_c_options(options, network) result(c)
    type(netlet_fit_options), intent(in) :: options
    class(netlet_network), intent(in) :: network
    c = c_fit_defaults(handle_of(network%held))
    c%epochs = int(max(options%epochs, 0), c_size_t)
    c%batch_size = int(max(options%batch_size, 0), c_size_t)
    c%shuffle = merge(1, 0, options%shuffle)
    if (allocated(options%seed)) c%seed = options%seed
    c%standardize = merge(NETLET_SCALE_INPUTS, 0, options%standardize_inputs) + &
      merge(NETLET_SCALE_OUTPUTS, 0, options%standardize_outputs)
    associate (schedule => options%schedule)
      c%schedule = c_schedule(int(schedule%kind, c_int32_t), schedule%gamma, schedule%period, schedule%floor, &
        schedule%min_delta, c_null_funptr)
      if (associated(schedule%function)) c%schedule%function = c_funloc(rate_of)
    end associate
    c%resume = merge(1, 0, options%resume)
    c%patience = int(max(options%patience, 0), c_size_t)
    c%min_delta = options%min_delta
    c%on_epochs = c_funloc(on_epochs)
    c%report_together = merge(0, 1, associated(options%on_epoch) .or. associated(options%on_step))
    if (associated(options%on_step)) c%on_step = c_funloc(on_step)
    c%step_interval = options%step_interval
    if (associated(options%poll)) c%poll = c_funloc(poll_of)
    if (associated(options%sums)) c%sums = c_funloc(sums_of)
    c%rows = int(max(options%rows, 0_c_int64_t), c_size_t)
    c%validation_rows = int(max(options%validation_rows, 0_c_int64_t), c_size_t)
    c%weighted = merge(1, 0, options%weighted)
  end function

  integer(c_int) function on_epochs(context, epochs, count) bind(c, name="")
    type(c_ptr), value :: context
    integer(c_size_t), value :: count
    type(netlet_epoch), intent(in) :: epochs(count)
    type(fitting), pointer :: fit
    integer(c_size_t) :: i
    call c_f_pointer(context, fit)
    do i = 1, count
      call append(fit%history, epochs(i))
    end do
    on_epochs = 0
    if (.not. associated(fit%options%on_epoch)) return
    if (fit%options%on_epoch(epochs(1))) on_epochs = 1
  end function

  integer(c_int) function on_step(context, step) bind(c, name="")
    type(c_ptr), value :: context
    integer(c_int64_t), value :: step
    type(fitting), pointer :: fit
    call c_f_pointer(context, fit)
    on_step = merge(1, 0, fit%options%on_step(step))
  end function

  integer(c_int) function rate_of(context, epoch, factor) bind(c, name="")
    type(c_ptr), value :: context
    integer(c_int64_t), value :: epoch
    real(c_double), intent(out) :: factor
    type(fitting), pointer :: fit
    call c_f_pointer(context, fit)
    factor = fit%options%schedule%function(epoch)
    rate_of = 0
  end function

  integer(c_int) function poll_of(context) bind(c, name="")
    type(c_ptr), value :: context
    type(fitting), pointer :: fit
    call c_f_pointer(context, fit)
    poll_of = merge(1, 0, fit%options%poll())
  end function

  integer(c_int) function sums_of(context, task, total, bytes) bind(c, name="")
    type(c_ptr), value :: context, total
    type(c_task), intent(in) :: task
    integer(c_size_t), value :: bytes
    type(fitting), pointer :: fit
    integer(c_int64_t), pointer :: wanted(:)
    integer(c_int64_t), allocatable :: given(:)
    integer :: stat
    sums_of = 1
    call c_f_pointer(context, fit)
    call c_f_pointer(total, wanted, [bytes / 8])
    allocate (given(size(wanted)), stat=stat)
    if (stat /= 0) then
      fit%message = "sums: out of memory"
      return
    end if
    given = 0
    stat = NETLET_OK
    call fit%options%sums(netlet_task(task), given, stat)
    if (stat /= NETLET_OK) return
    if (.not. allocated(given)) allocate (given(0))
    if (size(given) /= size(wanted)) then
      fit%message = "sums: expected the sums over all rows, " // number(size(wanted, kind=c_size_t)) // &
        " numbers, got " // number(size(given, kind=c_size_t))
      return
    end if
    wanted = given
    sums_of = 0
  end function

  ! Room for so many epochs, and for more once they come.
  subroutine begin(history, epochs)
    type(netlet_history), intent(inout) :: history
    integer, intent(in) :: epochs
    history%epochs = 0
    call resize(history, max(1, min(epochs, 65536)))
  end subroutine

  subroutine append(history, epoch)
    type(netlet_history), intent(inout) :: history
    type(netlet_epoch), intent(in) :: epoch
    associate (n => history%epochs)
      if (n == size(history%loss)) call resize(history, 2 * n)
      n = n + 1
      history%loss(n) = epoch%loss
      history%seconds(n) = epoch%seconds
      history%accuracy(n) = epoch%accuracy
      history%learning_rate(n) = epoch%learning_rate
      history%validation_loss(n) = epoch%validation_loss
      history%validation_accuracy(n) = epoch%validation_accuracy
    end associate
  end subroutine

  ! As many values as epochs.
  subroutine finish(history)
    type(netlet_history), intent(inout) :: history
    call resize(history, history%epochs)
  end subroutine

  subroutine resize(history, room)
    type(netlet_history), intent(inout) :: history
    integer, intent(in) :: room
    call resize_column(history%loss)
    call resize_column(history%seconds)
    call resize_column(history%accuracy)
    call resize_column(history%learning_rate)
    call resize_column(history%validation_loss)
    call resize_column(history%validation_accuracy)
  contains
    subroutine resize_column(column)
      real(c_double), allocatable, intent(inout) :: column(:)
      real(c_double), allocatable :: larger(:)
      allocate (larger(room))
      if (history%epochs > 0) larger(:history%epochs) = column(:history%epochs)
      call move_alloc(larger, column)
    end subroutine
  end subroutine

  ! ---- batches in parts

  ! NETLET_TASK_GRADIENT, ...
  pure integer function task_kind(self)
    class(netlet_task), intent(in) :: self
    task_kind = self%c%kind
  end function

  ! Whether it is over the rows of validation data.
  pure logical function task_of_validation(self)
    class(netlet_task), intent(in) :: self
    task_of_validation = self%c%validation /= 0
  end function

  ! Those of the whole batch.
  pure integer(c_int64_t) function task_rows(self)
    class(netlet_task), intent(in) :: self
    task_rows = int(self%c%rows, c_int64_t)
  end function

  ! How many rows of the data, or of the epoch's order, come before the batch.
  pure integer(c_int64_t) function task_first(self)
    class(netlet_task), intent(in) :: self
    task_first = int(self%c%first, c_int64_t)
  end function

  ! Whether its rows lie anywhere in the data.
  pure logical function task_shuffled(self)
    class(netlet_task), intent(in) :: self
    task_shuffled = c_associated(self%c%order)
  end function

  ! The batch's rows first_row (from 0) and those after it: where they are in arrays of all of the data, from 1.
  function task_rows_of(self, first_row, count) result(rows)
    class(netlet_task), intent(in) :: self
    integer, intent(in) :: first_row, count
    integer(c_int64_t) :: rows(count)
    integer(c_int64_t), pointer :: order(:)
    integer :: i
    if (task_shuffled(self)) then
      call c_f_pointer(self%c%order, order, [self%c%rows])
      rows = order(first_row + 1:first_row + count) + 1
    else
      rows = [(task_first(self) + first_row + i, i = 1, count)]
    end if
  end function

  ! The task of a step along the gradient of a batch of so many rows, with the optimizer as it is now.
  function step_task(self, rows, optimizer, stat, errmsg) result(task)
    class(netlet_network), intent(in) :: self
    integer, intent(in) :: rows
    class(netlet_optimizer), intent(in) :: optimizer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_task) :: task
    if (missing_network(self, stat, errmsg)) return
    if (missing_optimizer(optimizer, stat, errmsg)) return
    task%c = c_step_task(handle_of(self%held), int(max(rows, 0), c_size_t), optimizer_steps(optimizer))
    call report(NETLET_OK, "", stat)
  end function

  ! The sums over a part of a batch: of x, its rows from first_row on, which counts from 0 and is a multiple of 256, as
  ! is the number of rows unless they are the batch's last. part: to be sent as it is, and added by netlet_combine.
  subroutine partial_views(self, x, y, task, part, first_row, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    type(netlet_array), intent(in) :: x
    type(netlet_array), intent(in), target :: y
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout), target :: part(:)
    integer, intent(in), optional :: first_row
    type(netlet_array), intent(in), optional, target :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t), allocatable, target :: sums(:)
    type(c_error) :: error
    integer(c_int) :: status
    integer(c_size_t) :: first, bytes
    type(netlet_array), target :: weight
    integer :: nan, failed
    if (missing_network(self, stat, errmsg)) return
    if (wrong_shapes("", self, x, y, stat, errmsg)) return
    if (present(sample_weight)) weight = sample_weight
    nan = NETLET_MISSING_REFUSE
    if (present(missing)) nan = missing
    first = 0
    if (present(first_row)) first = int(first_row, c_size_t)
    bytes = max(c_partial_size(handle_of(self%held), task%c, first, x%rows), 0_c_size_t)  ! -1, which partial explains
    allocate (sums(max(1_c_size_t, bytes / 8)), stat=failed)
    if (failed /= 0) then
      call report(NETLET_ERROR_MEMORY, "part: out of memory", stat, errmsg)
      return
    end if
    status = c_partial(handle_of(self%held), x, targets_of(y, weight, nan), task%c, first, c_loc(sums), bytes, error)
    if (status == NETLET_OK) call move_alloc(sums, part)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! Adds a part of a batch to total, which has others of the same batch, or is not allocated, and has none.
  subroutine netlet_combine(total, part, stat, errmsg)
    integer(c_int64_t), allocatable, intent(inout), target :: total(:)
    integer(c_int64_t), intent(in), target, contiguous :: part(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t), allocatable, target :: sums(:)
    type(c_error) :: error
    integer(c_int) :: status
    integer(c_size_t) :: bytes
    integer :: failed
    bytes = 8 * size(part, kind=c_size_t)
    if (allocated(total)) bytes = bytes + 8 * size(total, kind=c_size_t)
    allocate (sums(max(1_c_size_t, bytes / 8)), stat=failed)
    if (failed /= 0) then
      call report(NETLET_ERROR_MEMORY, "total: out of memory", stat, errmsg)
      return
    end if
    if (.not. allocated(total)) then
      sums(:size(part)) = part
      call move_alloc(sums, total)
      call report(NETLET_OK, "", stat)
      return
    end if
    status = c_combine(c_loc(total), 8 * size(total, kind=c_size_t), c_loc(part), 8 * size(part, kind=c_size_t), &
      c_loc(sums), bytes, error)
    if (status == NETLET_OK) total = sums(:bytes / 8)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! The step that step would have made on all rows of the batch; loss: that before it.
  subroutine finish_step(self, total, optimizer, loss, weight_mean, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    integer(c_int64_t), intent(in), target, contiguous :: total(:)
    class(netlet_optimizer), intent(inout) :: optimizer
    real(c_double), intent(out), optional :: loss
    real(c_double), intent(in), optional :: weight_mean  ! of all data, of which the batch is a part
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (missing_network(self, stat, errmsg)) return
    if (missing_optimizer(optimizer, stat, errmsg)) return
    call use_sums(self, total, handle_of(optimizer%held), c_null_ptr, loss, weight_mean, stat, errmsg)
  end subroutine

  ! What backward would have given for all rows of the batch.
  subroutine finish_r4(self, total, gradient, loss, weight_mean, stat, errmsg)
    class(netlet_network), intent(in) :: self
    integer(c_int64_t), intent(in), target, contiguous :: total(:)
    real(c_float), intent(inout), target, contiguous :: gradient(:)
    real(c_double), intent(out), optional :: loss
    real(c_double), intent(in), optional :: weight_mean
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (missing_network(self, stat, errmsg)) return
    if (wrong_kind("gradient", self, NETLET_FLOAT32, stat, errmsg)) return
    if (wrong_count("gradient", size(gradient), int(parameter_count(self)), stat, errmsg)) return
    call use_sums(self, total, c_null_ptr, c_loc(gradient), loss, weight_mean, stat, errmsg)
  end subroutine

  ! What backward would have given for all rows of the batch.
  subroutine finish_r8(self, total, gradient, loss, weight_mean, stat, errmsg)
    class(netlet_network), intent(in) :: self
    integer(c_int64_t), intent(in), target, contiguous :: total(:)
    real(c_double), intent(inout), target, contiguous :: gradient(:)
    real(c_double), intent(out), optional :: loss
    real(c_double), intent(in), optional :: weight_mean
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (missing_network(self, stat, errmsg)) return
    if (wrong_kind("gradient", self, NETLET_FLOAT64, stat, errmsg)) return
    if (wrong_count("gradient", size(gradient), int(parameter_count(self)), stat, errmsg)) return
    call use_sums(self, total, c_null_ptr, c_loc(gradient), loss, weight_mean, stat, errmsg)
  end subroutine

  subroutine use_sums(self, total, optimizer, gradient, loss, weight_mean, stat, errmsg)
    class(netlet_network), intent(in) :: self
    integer(c_int64_t), intent(in), target, contiguous :: total(:)
    type(c_ptr), intent(in) :: optimizer, gradient
    real(c_double), intent(out), optional :: loss
    real(c_double), intent(in), optional :: weight_mean
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    real(c_double) :: value, mean
    mean = 0
    if (present(weight_mean)) mean = weight_mean
    status = c_finish(handle_of(self%held), c_loc(total), 8 * size(total, kind=c_size_t), mean, optimizer, gradient, &
      value, error)
    if (present(loss)) loss = value
    call conclude(status, error, stat, errmsg)
  end subroutine

  subroutine forward_r42_r42(self, x, y, rows_first, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(inout), target :: y(:, :)
    logical, intent(in), optional :: rows_first
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., netlet_view(x, rows_first), netlet_view(y, rows_first), workspace=workspace, stat=stat, &
      errmsg=errmsg)
  end subroutine

  subroutine forward_r42_r41(self, x, y, rows_first, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(inout), target :: y(:)
    logical, intent(in), optional :: rows_first
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., netlet_view(x, rows_first), netlet_view(y), workspace=workspace, stat=stat, errmsg=errmsg)
  end subroutine

  subroutine forward_r41_r41(self, x, y, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:)
    real(c_float), intent(inout), target :: y(:)
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., as_row(netlet_view(x)), as_row(netlet_view(y)), workspace=workspace, stat=stat, &
      errmsg=errmsg)
  end subroutine

  subroutine forward_r82_r82(self, x, y, rows_first, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(inout), target :: y(:, :)
    logical, intent(in), optional :: rows_first
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., netlet_view(x, rows_first), netlet_view(y, rows_first), workspace=workspace, stat=stat, &
      errmsg=errmsg)
  end subroutine

  subroutine forward_r82_r81(self, x, y, rows_first, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(inout), target :: y(:)
    logical, intent(in), optional :: rows_first
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., netlet_view(x, rows_first), netlet_view(y), workspace=workspace, stat=stat, errmsg=errmsg)
  end subroutine

  subroutine forward_r81_r81(self, x, y, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:)
    real(c_double), intent(inout), target :: y(:)
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., as_row(netlet_view(x)), as_row(netlet_view(y)), workspace=workspace, stat=stat, &
      errmsg=errmsg)
  end subroutine

  subroutine forward_views(self, x, y, workspace, stat, errmsg)
    class(netlet_network), intent(in) :: self
    type(netlet_array), intent(in) :: x, y
    type(netlet_workspace), intent(inout), optional :: workspace
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .false., x, y, workspace=workspace, stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r42_r42(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(inout), target :: y(:, :)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y, rows_first), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r42_r41(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(inout), target :: y(:)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r42_i42(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(inout), target :: y(:, :)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y, rows_first), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r42_i41(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(inout), target :: y(:)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r82_r82(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(inout), target :: y(:, :)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y, rows_first), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r82_r81(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(inout), target :: y(:)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r82_i42(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(inout), target :: y(:, :)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y, rows_first), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_r82_i41(self, x, y, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(inout), target :: y(:)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., netlet_view(x, rows_first), netlet_view(y), stat=stat, errmsg=errmsg)
  end subroutine

  subroutine predict_views(self, x, y, stat, errmsg)
    class(netlet_network), intent(in) :: self
    type(netlet_array), intent(in) :: x, y
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call run(self, .true., x, y, stat=stat, errmsg=errmsg)
  end subroutine

  subroutine evaluate_r4_r42(self, x, y, evaluation, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:, :)
    type(netlet_evaluation), intent(inout) :: evaluation
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call evaluate_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), evaluation, sample_weight, &
      missing, stat, errmsg)
  end subroutine

  subroutine evaluate_r4_r41(self, x, y, evaluation, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:)
    type(netlet_evaluation), intent(inout) :: evaluation
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call evaluate_views(self, netlet_view(x, rows_first), netlet_view(y), evaluation, sample_weight, missing, stat, &
      errmsg)
  end subroutine

  subroutine evaluate_r4_i41(self, x, y, evaluation, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(in), target :: y(:)
    type(netlet_evaluation), intent(inout) :: evaluation
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call evaluate_views(self, netlet_view(x, rows_first), netlet_view(y), evaluation, sample_weight, missing, stat, &
      errmsg)
  end subroutine

  subroutine evaluate_r8_r82(self, x, y, evaluation, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:, :)
    type(netlet_evaluation), intent(inout) :: evaluation
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call evaluate_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), evaluation, sample_weight, &
      missing, stat, errmsg)
  end subroutine

  subroutine evaluate_r8_r81(self, x, y, evaluation, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:)
    type(netlet_evaluation), intent(inout) :: evaluation
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call evaluate_views(self, netlet_view(x, rows_first), netlet_view(y), evaluation, sample_weight, missing, stat, &
      errmsg)
  end subroutine

  subroutine evaluate_r8_i41(self, x, y, evaluation, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(in), target :: y(:)
    type(netlet_evaluation), intent(inout) :: evaluation
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call evaluate_views(self, netlet_view(x, rows_first), netlet_view(y), evaluation, sample_weight, missing, stat, &
      errmsg)
  end subroutine

  subroutine step_r4_r42(self, x, y, optimizer, loss, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:, :)
    class(netlet_optimizer), intent(inout) :: optimizer
    real(c_double), intent(out), optional :: loss
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call step_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), optimizer, loss, stat, errmsg)
  end subroutine

  subroutine step_r8_r82(self, x, y, optimizer, loss, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:, :)
    class(netlet_optimizer), intent(inout) :: optimizer
    real(c_double), intent(out), optional :: loss
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call step_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), optimizer, loss, stat, errmsg)
  end subroutine

  subroutine fit_r4_r42(self, x, y, optimizer, options, history, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:, :)
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fit_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), optimizer, options, history, stat, &
      errmsg)
  end subroutine

  subroutine fit_r4_r41(self, x, y, optimizer, options, history, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:)
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fit_views(self, netlet_view(x, rows_first), netlet_view(y), optimizer, options, history, stat, errmsg)
  end subroutine

  subroutine fit_r4_i41(self, x, y, optimizer, options, history, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_float), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(in), target :: y(:)
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fit_views(self, netlet_view(x, rows_first), netlet_view(y), optimizer, options, history, stat, errmsg)
  end subroutine

  subroutine fit_r8_r82(self, x, y, optimizer, options, history, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:, :)
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fit_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), optimizer, options, history, stat, &
      errmsg)
  end subroutine

  subroutine fit_r8_r81(self, x, y, optimizer, options, history, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:)
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fit_views(self, netlet_view(x, rows_first), netlet_view(y), optimizer, options, history, stat, errmsg)
  end subroutine

  subroutine fit_r8_i41(self, x, y, optimizer, options, history, rows_first, stat, errmsg)
    class(netlet_network), intent(inout) :: self
    real(c_double), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(in), target :: y(:)
    class(netlet_optimizer), intent(inout) :: optimizer
    type(netlet_fit_options), intent(in), optional :: options
    type(netlet_history), intent(inout), optional :: history
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fit_views(self, netlet_view(x, rows_first), netlet_view(y), optimizer, options, history, stat, errmsg)
  end subroutine

  subroutine partial_r4_r42(self, x, y, task, part, first_row, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:, :)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: part(:)
    integer, intent(in), optional :: first_row
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call partial_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), task, part, first_row, &
      sample_weight, missing, stat, errmsg)
  end subroutine

  subroutine partial_r4_r41(self, x, y, task, part, first_row, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(in), target :: y(:)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: part(:)
    integer, intent(in), optional :: first_row
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call partial_views(self, netlet_view(x, rows_first), netlet_view(y), task, part, first_row, &
      sample_weight, missing, stat, errmsg)
  end subroutine

  subroutine partial_r4_i41(self, x, y, task, part, first_row, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(in), target :: y(:)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: part(:)
    integer, intent(in), optional :: first_row
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call partial_views(self, netlet_view(x, rows_first), netlet_view(y), task, part, first_row, &
      sample_weight, missing, stat, errmsg)
  end subroutine

  subroutine partial_r8_r82(self, x, y, task, part, first_row, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:, :)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: part(:)
    integer, intent(in), optional :: first_row
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call partial_views(self, netlet_view(x, rows_first), netlet_view(y, rows_first), task, part, first_row, &
      sample_weight, missing, stat, errmsg)
  end subroutine

  subroutine partial_r8_r81(self, x, y, task, part, first_row, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(in), target :: y(:)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: part(:)
    integer, intent(in), optional :: first_row
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call partial_views(self, netlet_view(x, rows_first), netlet_view(y), task, part, first_row, &
      sample_weight, missing, stat, errmsg)
  end subroutine

  subroutine partial_r8_i41(self, x, y, task, part, first_row, rows_first, sample_weight, missing, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    integer(c_int32_t), intent(in), target :: y(:)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: part(:)
    integer, intent(in), optional :: first_row
    logical, intent(in), optional :: rows_first
    type(netlet_array), intent(in), optional :: sample_weight
    integer, intent(in), optional :: missing
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call partial_views(self, netlet_view(x, rows_first), netlet_view(y), task, part, first_row, &
      sample_weight, missing, stat, errmsg)
  end subroutine

  ! The loss, and its gradient with respect to the parameters, in their layout.
  subroutine backward_r4(self, x, y, gradient, loss, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :), y(:, :)
    real(c_float), intent(inout), target, contiguous :: gradient(:)
    real(c_double), intent(out), optional :: loss
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_array) :: rows
    type(netlet_array), target :: wanted, none
    type(c_error) :: error
    integer(c_int) :: status
    real(c_double) :: value
    if (missing_network(self, stat, errmsg)) return
    rows = netlet_view(x, rows_first)
    wanted = netlet_view(y, rows_first)
    if (wrong_shapes("", self, rows, wanted, stat, errmsg)) return
    if (wrong_kind("gradient", self, NETLET_FLOAT32, stat, errmsg)) return
    if (wrong_count("gradient", size(gradient), int(parameter_count(self)), stat, errmsg)) return
    status = c_backward(handle_of(self%held), rows, targets_of(wanted, none, NETLET_MISSING_REFUSE), value, &
      c_loc(gradient), error)
    if (present(loss)) loss = value
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! The derivative of each output with respect to each input: out(inputs, outputs, rows).
  subroutine jacobian_r4(self, x, out, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_float), intent(in), target :: x(:, :)
    real(c_float), intent(inout), target, contiguous :: out(:, :, :)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_array) :: rows
    type(c_error) :: error
    integer(c_int) :: status
    if (missing_network(self, stat, errmsg)) return
    rows = netlet_view(x, rows_first)
    if (wrong_columns("x", "inputs", rows, inputs(self), stat, errmsg)) return
    if (wrong_kind("out", self, NETLET_FLOAT32, stat, errmsg)) return
    if (any(shape(out, c_size_t) /= [c_inputs(handle_of(self%held)), c_outputs(handle_of(self%held)), rows%rows])) then
      call report(NETLET_ERROR_ARGUMENT, "out: expected (inputs, outputs, rows)", stat, errmsg)
      return
    end if
    status = c_jacobian(handle_of(self%held), rows, c_loc(out), error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! The loss, and its gradient with respect to the parameters, in their layout.
  subroutine backward_r8(self, x, y, gradient, loss, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :), y(:, :)
    real(c_double), intent(inout), target, contiguous :: gradient(:)
    real(c_double), intent(out), optional :: loss
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_array) :: rows
    type(netlet_array), target :: wanted, none
    type(c_error) :: error
    integer(c_int) :: status
    real(c_double) :: value
    if (missing_network(self, stat, errmsg)) return
    rows = netlet_view(x, rows_first)
    wanted = netlet_view(y, rows_first)
    if (wrong_shapes("", self, rows, wanted, stat, errmsg)) return
    if (wrong_kind("gradient", self, NETLET_FLOAT64, stat, errmsg)) return
    if (wrong_count("gradient", size(gradient), int(parameter_count(self)), stat, errmsg)) return
    status = c_backward(handle_of(self%held), rows, targets_of(wanted, none, NETLET_MISSING_REFUSE), value, &
      c_loc(gradient), error)
    if (present(loss)) loss = value
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! The derivative of each output with respect to each input: out(inputs, outputs, rows).
  subroutine jacobian_r8(self, x, out, rows_first, stat, errmsg)
    class(netlet_network), intent(in) :: self
    real(c_double), intent(in), target :: x(:, :)
    real(c_double), intent(inout), target, contiguous :: out(:, :, :)
    logical, intent(in), optional :: rows_first
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(netlet_array) :: rows
    type(c_error) :: error
    integer(c_int) :: status
    if (missing_network(self, stat, errmsg)) return
    rows = netlet_view(x, rows_first)
    if (wrong_columns("x", "inputs", rows, inputs(self), stat, errmsg)) return
    if (wrong_kind("out", self, NETLET_FLOAT64, stat, errmsg)) return
    if (any(shape(out, c_size_t) /= [c_inputs(handle_of(self%held)), c_outputs(handle_of(self%held)), rows%rows])) then
      call report(NETLET_ERROR_ARGUMENT, "out: expected (inputs, outputs, rows)", stat, errmsg)
      return
    end if
    status = c_jacobian(handle_of(self%held), rows, c_loc(out), error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  logical function wrong_kind(name, self, dtype, stat, errmsg)
    character(*), intent(in) :: name
    class(netlet_network), intent(in) :: self
    integer(c_int32_t), intent(in) :: dtype
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    wrong_kind = dtype /= network_dtype(self)
    if (wrong_kind) call report(NETLET_ERROR_ARGUMENT, name // ": expected values of the network's kind", stat, errmsg)
  end function

  ! ---- optimizers

  ! kind: NETLET_SGD, NETLET_ADAM (with weight_decay AdamW), NETLET_RMSPROP, NETLET_RPROP; other settings by default.
  subroutine create_optimizer(self, kind, learning_rate, momentum, nesterov, beta_1, beta_2, epsilon, weight_decay, &
                              rho, eta_minus, eta_plus, step_min, step_max, l2, l1, clip_value, clip_norm, stat, errmsg)
    class(netlet_optimizer), intent(inout) :: self
    integer, intent(in) :: kind
    real(c_double), intent(in), optional :: learning_rate, momentum, beta_1, beta_2, epsilon, weight_decay, rho, &
      eta_minus, eta_plus, step_min, step_max, l2, l1, clip_value, clip_norm
    logical, intent(in), optional :: nesterov
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_optimizer_config) :: config
    type(c_error) :: error
    type(c_ptr) :: handle
    integer(c_int) :: status
    config = c_optimizer_defaults(int(kind, c_int32_t))
    config%kind = int(kind, c_int32_t)
    if (present(nesterov)) config%nesterov = merge(1, 0, nesterov)
    if (present(learning_rate)) config%learning_rate = learning_rate
    if (present(momentum)) config%momentum = momentum
    if (present(beta_1)) config%beta_1 = beta_1
    if (present(beta_2)) config%beta_2 = beta_2
    if (present(epsilon)) config%epsilon = epsilon
    if (present(weight_decay)) config%weight_decay = weight_decay
    if (present(rho)) config%rho = rho
    if (present(eta_minus)) config%eta_minus = eta_minus
    if (present(eta_plus)) config%eta_plus = eta_plus
    if (present(step_min)) config%step_min = step_min
    if (present(step_max)) config%step_max = step_max
    if (present(l2)) config%l2 = l2
    if (present(l1)) config%l1 = l1
    if (present(clip_value)) config%clip_value = clip_value
    if (present(clip_norm)) config%clip_norm = clip_norm
    status = c_optimizer_create(config, handle, error)
    if (status == NETLET_OK) call adopt_optimizer(self, handle)
    call conclude(status, error, stat, errmsg)
  end subroutine

  ! How many steps it has taken.
  pure integer(c_int64_t) function optimizer_steps(self)
    class(netlet_optimizer), intent(in) :: self
    type(c_optimizer_progress) :: progress
    optimizer_steps = 0
    if (.not. c_associated(handle_of(self%held))) return
    progress = c_optimizer_get_progress(handle_of(self%held))
    optimizer_steps = progress%steps
  end function

  subroutine set_learning_rate(self, learning_rate, stat, errmsg)
    class(netlet_optimizer), intent(inout) :: self
    real(c_double), intent(in) :: learning_rate
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_error) :: error
    integer(c_int) :: status
    if (missing_optimizer(self, stat, errmsg)) return
    status = c_optimizer_set_learning_rate(handle_of(self%held), learning_rate, error)
    call conclude(status, error, stat, errmsg)
  end subroutine

  impure elemental subroutine assign_optimizer(self, other)
    class(netlet_optimizer), intent(inout) :: self
    class(netlet_optimizer), intent(in) :: other
    type(c_ptr) :: handle
    type(c_optimizer_progress) :: progress
    type(c_error) :: error
    integer(c_int64_t), allocatable, target :: slots(:)
    integer(c_size_t) :: parameters
    integer(c_int32_t) :: dtype
    integer(c_int) :: status
    if (.not. c_associated(handle_of(other%held))) then
      call close_optimizer(self)
      return
    end if
    if (c_associated(handle_of(self%held), handle_of(other%held))) return
    parameters = c_optimizer_size(handle_of(other%held))
    dtype = c_optimizer_dtype(handle_of(other%held))
    allocate (slots(max(1_c_size_t, parameters * c_optimizer_slot_count(handle_of(other%held)))))
    status = c_optimizer_create(c_optimizer_get_config(handle_of(other%held)), handle, error)
    call conclude(status, error)
    status = c_optimizer_copy_state(handle_of(other%held), c_loc(slots), parameters, dtype, progress, error)
    if (status == NETLET_OK) &
      status = c_optimizer_set_state(handle, c_loc(slots), parameters, dtype, progress, error)
    call conclude(status, error)
    call adopt_optimizer(self, handle)
  end subroutine

  subroutine adopt_optimizer(self, handle)
    class(netlet_optimizer), intent(inout) :: self
    type(c_ptr), intent(in) :: handle
    call close_optimizer(self)
    call hold(self%held, handle)
  end subroutine

  impure elemental subroutine close_optimizer(self)
    class(netlet_optimizer), intent(inout) :: self
    call c_optimizer_free(handle_of(self%held))
    call let_go(self%held)
  end subroutine

  impure elemental subroutine finalize_optimizer(self)
    type(netlet_optimizer), intent(inout) :: self
    call close_optimizer(self)
  end subroutine
end module
