! SPDX-License-Identifier: BSD-3-Clause
! The module netlet as its users meet it. Checks what needs no other language, and prints lines "name value" that the same
! calls in Python are compared with:
!
!   test_fortran NETWORK...        files; for each the outputs and predictions for pattern(inputs, 7), as hexadecimal bits
module callbacks  ! of a module: internal procedures would need an executable stack
  use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t
  use netlet
  implicit none
  integer :: epochs_seen, steps_seen, polls
  ! What is summed in parts, as if others had some of the rows.
  type(netlet_network) :: shared
  integer, parameter :: many = 1000
  real(c_double), target :: all_x(3, many), all_y(2, many), all_weight(many)
  logical :: fail_to_sum, too_short
contains
  subroutine sums_in_parts(task, total, stat)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: total(:)
    integer, intent(inout) :: stat
    integer(c_int64_t), allocatable :: part(:)
    integer(c_int64_t), allocatable :: at(:)
    real(c_double), allocatable, target :: weight(:)
    integer :: first, rows, length
    length = size(total)
    deallocate (total)
    do first = 256 * int((task%rows() - 1) / 256), 0, -256  ! one block at a time, the last one first
      rows = int(min(256_c_int64_t, task%rows() - first))
      at = task%rows_of(first, rows)
      weight = all_weight(at)
      call shared%partial(all_x(:, at), all_y(:, at), task, part, first, sample_weight=netlet_view(weight), stat=stat)
      if (stat == NETLET_OK) call netlet_combine(total, part, stat)
      if (stat /= NETLET_OK) return
    end do
    if (size(total) /= length) stat = NETLET_ERROR_ARGUMENT
    if (fail_to_sum) stat = NETLET_ERROR_CALLBACK
    if (too_short) deallocate (total)
  end subroutine

  logical function stop_after_three(epoch)
    type(netlet_epoch), intent(in) :: epoch
    epochs_seen = epochs_seen + 1
    stop_after_three = epoch%epoch == 2
  end function

  logical function stop_at_step(step)
    integer(c_int64_t), intent(in) :: step
    steps_seen = steps_seen + 1
    stop_at_step = step == 10
  end function

  real(c_double) function halves(epoch)
    integer(c_int64_t), intent(in) :: epoch
    halves = 0.5_c_double**epoch
  end function

  logical function asked()
    polls = polls + 1
    asked = .true.
  end function
end module

program test_fortran
  use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int32_t, c_int64_t
  use, intrinsic :: iso_fortran_env, only: error_unit
  use callbacks
  implicit none
  integer :: passed = 0, failed = 0, argument
  character(1000) :: path

  print '(2a)', "version ", netlet_version()
  call views_give_the_same_bits()
  call results_go_where_they_should()
  call a_workspace()
  call derivatives()
  call copies_are_independent()
  call failures_are_said()
  call arrays_the_other_way_round_are_said()
  call files()
  call threads()
  call training()
  call classes()
  call parts_of_a_batch()
  call training_on_sums()
  do argument = 1, command_argument_count()
    call get_command_argument(argument, path)
    call outputs_of(trim(path))
  end do
  print '(a, i0, a, i0, a)', "checks ", passed, " passed, ", failed, " failed"
  if (failed > 0) error stop "failed"

contains

  subroutine check(condition, what)
    logical, intent(in) :: condition
    character(*), intent(in) :: what
    if (condition) then
      passed = passed + 1
    else
      failed = failed + 1
      write (error_unit, '(2a)') "failed: ", what
    end if
  end subroutine

  ! Numbers from -1 to 1 that every language computes alike.
  function pattern(columns, rows) result(x)
    integer, intent(in) :: columns, rows
    real(c_double) :: x(columns, rows)
    integer :: i, k
    do i = 1, rows
      do k = 1, columns
        x(k, i) = real(mod(37 * ((i - 1) * columns + k - 1), 101), c_double) / 50 - 1
      end do
    end do
  end function

  subroutine make(net, dtype)
    type(netlet_network), intent(inout) :: net
    integer, intent(in) :: dtype
    call net%create([3, 6, 2], activations=[NETLET_TANH, NETLET_IDENTITY], dtype=dtype, seed=4_c_int64_t)
  end subroutine

  subroutine views_give_the_same_bits()
    type(netlet_network) :: net
    real(c_double) :: x(3, 7), y(2, 7), again(2, 7), wide(9, 20), one(2), column(7), transposed(7, 2)
    real(c_float), target :: narrow(3, 7), seen(2, 7)
    integer(c_int32_t), target :: whole(3, 7)
    real(c_double), target :: exact(2, 7)
    integer :: i
    call make(net, NETLET_FLOAT64)
    call check(all(net%layer_sizes() == [3, 6, 2]) .and. net%inputs() == 3 .and. net%outputs() == 2, "sizes")
    call check(net%parameter_count() == 38 .and. net%dtype() == NETLET_FLOAT64 .and. net%seed() == 4, "settings")
    x = pattern(3, 7)
    call net%forward(x, y)
    call check(any(y /= 0), "outputs")
    call net%forward(transpose(x), transposed, rows_first=.true.)
    call check(all(transposed == transpose(y)), "rows first")
    wide = 9
    wide(8:2:-3, 1:19:3) = x
    call net%forward(wide(8:2:-3, 1:19:3), again)
    call check(all(again == y), "a section, one direction backwards")
    call net%forward(x(:, 7:1:-1), again)
    call check(all(again == y(:, 7:1:-1)), "rows backwards")
    do i = 1, 7
      call net%forward(x(:, i), one)
      call check(all(one == y(:, i)), "a single row")
      call net%forward(x(:, i:i), again(:, i:i))
    end do
    call check(all(again == y), "rows alone")
    call net%forward(x(:, 1:0), again(:, 1:0))
    call check(all(again == y), "no rows")
    narrow = real(x, c_float)
    call net%forward(real(narrow, c_double), y)
    call net%forward(narrow, seen)
    call check(all(seen == real(y, c_float)), "the other kind")
    exact = 0
    call net%forward(netlet_view(narrow), netlet_view(exact))
    call check(all(exact == y), "one kind in, the other out")
    whole = nint(10 * x)
    call net%forward(real(whole, c_double), y)
    call net%forward(netlet_view(whole), netlet_view(exact))
    call check(all(exact == y), "integers")
    call net%create([3, 1], dtype=NETLET_FLOAT64)
    call net%forward(x, column)
    call net%forward(x, again(:1, :))
    call check(all(column == again(1, :)) .and. any(column /= column(1)), "a column")
  end subroutine

  subroutine results_go_where_they_should()
    type(netlet_network) :: net
    real(c_double) :: x(3, 7), y(2, 7), wide(5, 17)
    real(c_float) :: single(2, 7), field(5, 17)
    integer :: dtype
    do dtype = NETLET_FLOAT32, NETLET_FLOAT64
      call make(net, dtype)
      x = pattern(3, 7)
      call net%forward(x, y)
      call net%forward(real(x, c_float), single)
      call check(all(single == real(y, c_float)) .or. dtype == NETLET_FLOAT64, "both kinds")
      wide = 5
      call net%forward(x, wide(4:2:-2, 2:14:2))
      call check(all(wide(4:2:-2, 2:14:2) == y), "a section")
      wide(4:2:-2, 2:14:2) = 5
      call check(all(wide == 5), "nothing beside it")
      field = 5
      call net%forward(real(x, c_float), field(1:2, 3:9))
      call check(all(field(1:2, 3:9) == single), "a section of the other kind")
      field(1:2, 3:9) = 5
      call check(all(field == 5), "nothing beside it, either")
    end do
  end subroutine

  subroutine a_workspace()
    type(netlet_network) :: net
    type(netlet_workspace) :: workspace, small, copied
    real(c_double) :: x(3, 7), y(2, 7), again(2, 7), gaps(4, 7), turned(7, 2)
    real(c_float), target :: narrow(3, 7), single(2, 7)
    character(100) :: message
    integer :: stat
    call make(net, NETLET_FLOAT64)
    x = pattern(3, 7)
    call net%forward(x, y)
    call workspace%create(net, 7)
    again = 0
    call net%forward(x, again, workspace=workspace)
    call check(all(again == y), "a workspace")
    copied = workspace
    again = 0
    call net%forward(x(:, 7:1:-1), again, workspace=copied, stat=stat)
    call check(stat == NETLET_OK .and. all(again == y(:, 7:1:-1)), "a copied workspace, and a section")
    call net%forward(x, again, workspace=small, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "workspace: expected ") == 1, "no workspace")
    gaps = 5
    call net%forward(x, gaps(1:3:2, :), workspace=workspace, stat=stat)
    call check(stat == NETLET_OK .and. all(gaps(1:3:2, :) == y) .and. all(gaps(2:4:2, :) == 5), "y with gaps")
    call net%forward(transpose(x), turned, rows_first=.true., workspace=workspace)
    call check(all(turned == transpose(y)), "rows first in a workspace")
    narrow = real(x, c_float)
    call net%forward(real(narrow, c_double), y)
    call net%forward(netlet_view(narrow), netlet_view(single), workspace=workspace)
    call check(all(single == real(y, c_float)), "y of another kind")
    call small%create(net, 6)
    call net%forward(x, gaps(1:3:2, :), workspace=small, stat=stat, errmsg=message)
    call check(message == "workspace: expected one for 7 rows", "a workspace for fewer rows")
    call small%create(net, 1)
    call net%forward(x, again, workspace=small, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "workspace: expected ") == 1, "or y in place")
  end subroutine

  subroutine derivatives()
    type(netlet_network) :: net, moved
    type(netlet_evaluation) :: before, after
    real(c_double) :: x(3, 7), y(2, 7), out(2, 7), more(2, 7), jacobian(3, 2, 7), gradient(38), loss
    real(c_double), pointer :: p(:)
    real(c_float), pointer :: none(:)
    real(c_double), parameter :: small = 1e-6_c_double
    integer :: k, stat
    call make(net, NETLET_FLOAT64)
    x = pattern(3, 7)
    y = 0.5_c_double
    call net%jacobian(x, jacobian)
    call net%forward(x, out)
    do k = 1, 3
      x(k, :) = x(k, :) + small
      call net%forward(x, more)
      x(k, :) = x(k, :) - small
      call check(maxval(abs((more - out) / small - jacobian(k, :, :))) < 1e-5, "jacobian")
    end do
    call net%backward(x, y, gradient, loss)
    call net%evaluate(x, y, before)
    call check(before%loss == loss .and. before%rmse > 0, "loss")
    call moved%parameters(p)
    call check(.not. associated(p), "an empty network has no parameters")
    moved = net
    call moved%parameters(none)
    call check(.not. associated(none), "parameters of another kind")
    call moved%parameters(p)
    do k = 1, size(p), 5
      p(k) = p(k) + small
      call moved%evaluate(x, y, after)
      p(k) = p(k) - small
      call check(abs((after%loss - before%loss) / small - gradient(k)) < 1e-4, "gradient")
    end do
    call net%backward(x, y, gradient(:30), stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT, "a gradient of another size")
    call net%jacobian(x, jacobian(:, :, :6), stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT, "a jacobian of another shape")
  end subroutine

  subroutine copies_are_independent()
    type :: model
      character(10) :: name = ""
      type(netlet_network) :: net
      type(netlet_optimizer) :: optimizer
    end type
    type :: holder
      type(netlet_network), allocatable :: net
    end type
    type(netlet_network) :: net, other, several(3)
    type(netlet_network), allocatable :: shared
    type(holder) :: first, plain
    integer :: stat
    type(model) :: one, two
    type(netlet_optimizer) :: adam, second
    real(c_double), pointer :: p(:)
    real(c_double) :: x(3, 7), y(2, 7)
    character(64) :: was
    integer :: i
    x = pattern(3, 7)
    y = 0.5_c_double
    call make(net, NETLET_FLOAT64)
    was = net%fingerprint()
    other = net
    call other%parameters(p)
    p = 0
    call check(net%fingerprint() == was .and. other%fingerprint() /= was, "a copy has its own parameters")
    other = net
    call check(other%fingerprint() == was, "assigned again")
    net = net
    call check(net%fingerprint() == was, "assigned to itself")
    several = net
    several(2) = several(1)
    do i = 1, 3
      call check(several(i)%fingerprint() == was, "an array of networks")
    end do
    call several(1)%close()
    call check(.not. several(1)%is_open() .and. several(2)%is_open(), "closed")
    several(2) = several(1)
    call check(.not. several(2)%is_open(), "a copy of an empty one is empty")
    ! Compilers may copy in other ways: nothing is freed twice, or used after it was freed.
    allocate (shared, source=net)
    call shared%forward(x, y, stat=stat)
    call check(stat == NETLET_OK, "source=")
    call shared%close()
    call net%forward(x, y, stat=stat)
    call check((stat == NETLET_OK) .eqv. net%is_open(), "what shared it")
    deallocate (shared)
    net = other
    allocate (first%net)
    first%net = net
    plain = first
    call first%net%close()
    call plain%net%forward(x, y, stat=stat)
    call check((stat == NETLET_OK) .eqv. plain%net%is_open(), "an allocatable component")
    do i = 1, 100  ! in places that were used before
      several = [net, other, net]
      call several(1)%close()
    end do
    call check(several(2)%fingerprint() == was, "an array of expressions")
    call plain%net%forward(x, y, stat=stat)
    call check((stat == NETLET_OK) .eqv. plain%net%is_open(), "a place that has another")
    call check(net%fingerprint() == was, "and deallocated")
    call adam%create(NETLET_ADAM, learning_rate=0.01_c_double)
    call net%step(x, y, adam)
    one%net = net
    one%optimizer = adam
    two = one
    call two%net%parameters(p)
    p = 0
    call check(one%net%fingerprint() == net%fingerprint(), "a copy within another type")
    second = adam
    call check(second%steps() == 1, "a copied optimizer has its state")
    other = net
    call net%step(x, y, adam)
    call other%step(x, y, second)
    call check(net%fingerprint() == other%fingerprint() .and. second%steps() == 2, "and goes on alike")
    call one%net%step(x, y, one%optimizer)
    call check(net%fingerprint() == one%net%fingerprint(), "within another type, too")
    call adam%close()
    call check(adam%steps() == 0, "a closed optimizer")
  end subroutine

  subroutine failures_are_said()
    type(netlet_network) :: net, empty
    type(netlet_optimizer) :: optimizer, none
    type(netlet_fit_options) :: options
    real(c_double) :: x(3, 7), y(2, 7), wrong(2, 6)
    character(200) :: message
    character(64) :: was
    integer :: stat
    message = "untouched"
    call net%create([3, 2], stat=stat, errmsg=message)
    call check(stat == NETLET_OK .and. message == "untouched", "errmsg without an error")
    was = net%fingerprint()
    call net%create([3, 0, 2], stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "layer_sizes") > 0, "layer sizes")
    call net%create([3, -1], stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT, "negative layer sizes")
    call net%create([3, 4, 2], activations=[NETLET_TANH], stat=stat, errmsg=message)
    call check(message == "activations: expected one for each of the 2 layers, got 1", "activations")
    call net%create([3, 4, 2], dropout=[0.5_c_double, 0.5_c_double], stat=stat, errmsg=message)
    call check(index(message, "dropout: expected one share") == 1, "dropout")
    call net%create([3, 4, 2], init=77, stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT .and. net%fingerprint() == was, "nothing has changed")
    call empty%forward(x, y, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. message == &
      "network: expected one that was created or loaded, got an empty or closed one", "an empty network")
    x = 0
    call net%forward(x, wrong, stat=stat, errmsg=message)
    call check(message == "y: expected 2 values for each of the 7 rows of x, got 2 for each of 6", "shapes")
    call net%forward(x(1:2, :), y, stat=stat, errmsg=message)
    call check(message == "x: expected 3 inputs per row, got 2", "columns of x")
    call net%fit(x, y, none, stat=stat, errmsg=message)
    call check(index(message, "optimizer: expected one") == 1, "an empty optimizer")
    call optimizer%create(99, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT, "an unknown optimizer")
    call optimizer%create(NETLET_SGD, momentum=2.0_c_double, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "momentum") == 1, "a setting")
    call optimizer%create(NETLET_SGD)
    options%epochs = -3
    call net%fit(x, y, optimizer, options, stat=stat, errmsg=message)
    call check(message == "epochs: expected 1 or more, got 0", "epochs")
    call net%load("nowhere/at all", stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_FILE .and. index(message, "nowhere/at all: cannot read") == 1, "no file")
    call check(net%fingerprint() == was, "and nothing has changed")
    call netlet_set_num_threads(0, stat, message)
    call check(stat == NETLET_ERROR_ARGUMENT, "no threads")
  end subroutine

  subroutine arrays_the_other_way_round_are_said()
    character(*), parameter :: inputs = "; the shape is (inputs, rows), or (rows, inputs) with rows_first=.true.", &
      targets = "; the shape is (targets, rows), or (rows, targets) with rows_first=.true."
    character(*), parameter :: wrong_x = "x: expected 3 inputs per row, got 7" // inputs, &
      wrong_y = "y: expected 7 rows, as many as x has, got 2" // targets
    type(netlet_network) :: net, single
    type(netlet_optimizer) :: descent
    type(netlet_fit_options) :: options
    type(netlet_evaluation) :: evaluation
    real(c_double), target :: x(3, 7), y(2, 7), turned_x(7, 3), turned_y(7, 2)
    real(c_double) :: gradient(8), jacobian(3, 2, 7)
    real(c_float) :: short_x(7, 3), short_y(7, 2), gradient_of_another_kind(8)
    character(200) :: message
    character(64) :: was
    integer(c_int32_t) :: turned_classes(1, 7)
    integer :: stat
    call net%create([3, 2])
    call descent%create(NETLET_SGD)
    x = pattern(3, 7)
    y = pattern(2, 7)
    turned_x = transpose(x)
    turned_y = transpose(y)
    was = net%fingerprint()
    call net%forward(turned_x, turned_y, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. message == wrong_x, "forward: x before y")
    call net%forward(x, y, rows_first=.true., stat=stat, errmsg=message)
    call check(message == wrong_x, "forward: x with rows_first")
    call net%predict(turned_x, y, stat=stat, errmsg=message)
    call check(message == wrong_x, "predict: x")
    call net%forward(x, turned_y, stat=stat, errmsg=message)
    call check(message == "y: expected 2 values for each of the 7 rows of x, got 7 for each of 2; " // &
      "the shape is (values, rows), or (rows, values) with rows_first=.true.", "forward: y")
    call net%evaluate(turned_x, y, evaluation, stat=stat, errmsg=message)
    call check(message == wrong_x, "evaluate: x")
    call net%evaluate(x, turned_y, evaluation, stat=stat, errmsg=message)
    call check(message == wrong_y, "evaluate: y")
    call net%step(turned_x, turned_y, descent, stat=stat, errmsg=message)
    call check(message == wrong_x, "step: x")
    call net%step(x, turned_y, descent, stat=stat, errmsg=message)
    call check(message == wrong_y, "step: y")
    call net%fit(turned_x, turned_y, descent, stat=stat, errmsg=message)
    call check(message == wrong_x, "fit: x")
    call net%fit(x, turned_y, descent, stat=stat, errmsg=message)
    call check(message == wrong_y, "fit: y")
    call net%fit(x, y, descent, rows_first=.true., stat=stat, errmsg=message)
    call check(message == wrong_x, "fit: x with rows_first")
    options%validation_x = netlet_view(turned_x)
    options%validation_y = netlet_view(turned_y)
    call net%fit(x, y, descent, options, stat=stat, errmsg=message)
    call check(message == "validation_" // wrong_x, "fit: validation_x")
    options%validation_x = netlet_view(turned_x, rows_first=.true.)
    call net%fit(x, y, descent, options, stat=stat, errmsg=message)
    call check(message == "validation_" // wrong_y, "fit: validation_y")
    short_x = 0
    short_y = 0
    call net%backward(short_x, short_y, gradient_of_another_kind, stat=stat, errmsg=message)
    call check(message == wrong_x, "backward: x before gradient")
    call net%backward(x, turned_y, gradient, stat=stat, errmsg=message)
    call check(message == wrong_y, "backward: y")
    call net%jacobian(turned_x, jacobian, stat=stat, errmsg=message)
    call check(message == wrong_x, "jacobian: x before out")
    call net%learn_scaling(NETLET_SCALE_INPUTS, netlet_view(turned_x), stat=stat, errmsg=message)
    call check(message == wrong_x, "learn_scaling: x")
    call net%learn_scaling(NETLET_SCALE_OUTPUTS, netlet_view(turned_y), stat=stat, errmsg=message)
    call check(message == "y: expected 2 targets per row, got 7" // targets, "learn_scaling: y")
    call check(net%fingerprint() == was .and. descent%steps() == 0, "and nothing has changed")
    call net%fit(x(:, :5), y, descent, stat=stat, errmsg=message)
    call check(message == "y: expected 5 rows, as many as x has, got 7", "no advice that would not help")
    call single%create([3, 4], activations=[NETLET_SOFTMAX], loss=NETLET_CROSS_ENTROPY)
    turned_classes = 0
    call single%fit(x, turned_classes(1, :), descent, stat=stat)
    call check(stat == NETLET_OK, "classes")
    call single%predict(turned_x, turned_classes, stat=stat, errmsg=message)
    call check(message == wrong_x, "predict: x before classes")
  end subroutine

  subroutine files()
    character(*), parameter :: path = "test_fortran.netlet"
    type(netlet_network) :: net, loaded, on
    type(netlet_optimizer) :: adam, resumed
    real(c_double) :: x(3, 7), y(2, 7)
    character(200) :: message
    integer :: stat
    x = pattern(3, 7)
    y = 0.5_c_double
    call make(net, NETLET_FLOAT64)
    call adam%create(NETLET_ADAM)
    call net%step(x, y, adam)
    call net%save(path)
    call loaded%load(path // "   ")
    call check(loaded%fingerprint() == net%fingerprint(), "saved and loaded")
    call loaded%load(path, resumed, stat, message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "saved with an optimizer") > 0, "no optimizer in it")
    call net%save(path, adam)
    call on%load(path, resumed)
    call net%step(x, y, adam)
    call on%step(x, y, resumed)
    call check(on%fingerprint() == net%fingerprint(), "training goes on")
    open (unit=10, file=path)
    close (unit=10, status="delete")
  end subroutine

  ! Threads of the program share a network; each call may use several, too.
  subroutine threads()
    type(netlet_network) :: net
    real(c_double) :: x(3, 640), y(2, 640), together(2, 640)
    integer :: i, before
    before = netlet_get_num_threads()
    call netlet_set_num_threads(2)
    call check(netlet_get_num_threads() == 2, "number of threads")
    call make(net, NETLET_FLOAT64)
    x = pattern(3, 640)
    call net%forward(x, y)
    together = 0
    !$omp parallel do
    do i = 1, 640, 10
      call net%forward(x(:, i:i + 9), together(:, i:i + 9))
    end do
    call check(all(together == y), "OpenMP")
    call check(netlet_limit_threads(1) == 0 .and. netlet_limit_threads(0) == 1, "a limit for this thread")
    call netlet_set_num_threads(before)
  end subroutine

  subroutine training()
    type(netlet_network) :: net, again
    type(netlet_optimizer) :: adam
    type(netlet_fit_options) :: options
    type(netlet_history) :: history
    real(c_double), target :: x(3, 40), y(2, 40), weight(40), validation(3, 7), validation_y(2, 7)
    real(c_double) :: loss
    integer :: i, dtype, stat
    character(200) :: message
    x = pattern(3, 40)
    y = pattern(2, 40)
    validation = pattern(3, 7)
    validation_y = pattern(2, 7)
    weight = [(real(1 + mod(i, 3), c_double), i = 0, 39)]
    do dtype = NETLET_FLOAT32, NETLET_FLOAT64
      call net%create([3, 6, 2], activations=[NETLET_TANH, NETLET_IDENTITY], reduction=NETLET_MEAN, dtype=dtype, &
        dropout=[0.25_c_double], seed=4_c_int64_t)
      call adam%create(NETLET_ADAM, learning_rate=0.01_c_double, l2=0.001_c_double)
      options = netlet_fit_options()
      options%epochs = 9
      options%batch_size = 7
      options%standardize_inputs = .true.
      options%standardize_outputs = .true.
      options%schedule%kind = NETLET_COSINE
      options%schedule%period = 8
      options%schedule%floor = 0.1_c_double
      options%sample_weight = netlet_view(weight)
      options%validation_x = netlet_view(validation)
      options%validation_y = netlet_view(validation_y)
      options%patience = 5
      again = net
      call net%fit(x, y, adam, options, history)
      call check(history%epochs == size(history%loss) .and. history%loss(1) > history%loss(history%epochs), "history")
      print '(a, i0, 2a)', "fit", dtype, " ", net%fingerprint()
      print '(a, i0, a, i0, 3(1x, z16.16))', "history", dtype, " ", history%epochs, history%loss(history%epochs), &
        history%validation_loss(history%epochs), history%learning_rate(history%epochs)
      if (dtype == NETLET_FLOAT32) cycle
      call adam%create(NETLET_ADAM, learning_rate=0.01_c_double, l2=0.001_c_double)
      call again%fit(transpose(x), transpose(y), adam, options, rows_first=.true.)
      call check(again%fingerprint() == net%fingerprint(), "fit with rows first")
    end do

    call make(net, NETLET_FLOAT64)
    call adam%create(NETLET_SGD, learning_rate=0.001_c_double)
    options = netlet_fit_options()
    options%epochs = 100
    options%on_epoch => stop_after_three
    options%schedule%kind = NETLET_FUNCTION
    options%schedule%function => halves
    epochs_seen = 0
    call net%fit(x, y, adam, options, history)
    call check(epochs_seen == 3 .and. history%epochs == 3 .and. net%epochs_trained() == 3, "a callback ends training")
    call check(all(history%learning_rate == 0.001_c_double * [1.0_c_double, 0.5_c_double, 0.25_c_double]), "a schedule")
    options%on_epoch => null()
    options%schedule = netlet_schedule()
    options%on_step => stop_at_step
    options%step_interval = 2
    options%epochs = 100
    steps_seen = 0
    call net%fit(x, y, adam, options, history)
    call check(steps_seen == 4 .and. history%epochs == 7 .and. net%epochs_trained() == 10, "a step ends training")
    options%on_step => null()
    options%schedule%kind = NETLET_FUNCTION
    options%schedule%function => halves
    options%epochs = 2
    call net%fit(x, y, adam, options, history)
    call check(all(history%learning_rate == 0.001_c_double * [1.0_c_double, 0.5_c_double]), "a schedule begins anew")
    options%resume = .true.
    call net%fit(x, y, adam, options, history)
    call check(all(history%learning_rate == 0.001_c_double * [0.5_c_double**12, 0.5_c_double**13]), "a schedule goes on")
    options%resume = .false.
    options%schedule = netlet_schedule()
    options%poll => asked
    options%epochs = 100000000
    polls = 0
    call net%fit(x, y, adam, options, history, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_INTERRUPTED .and. polls > 0, "a poll ends training")
    options%poll => null()
    options%epochs = 1
    call net%step(x, y, adam, loss)
    call check(loss > 0, "the loss of a step")
    options%epochs = 70000
    call net%create([1, 1])
    call adam%create(NETLET_SGD)
    call net%fit(x(:1, :), y(1, :), adam, options, history)
    call check(history%epochs == 70000 .and. size(history%seconds) == 70000, "a long history")
  end subroutine

  subroutine classes()
    type(netlet_network) :: net
    type(netlet_optimizer) :: sgd
    type(netlet_fit_options) :: options
    type(netlet_history) :: history
    type(netlet_evaluation) :: evaluation
    real(c_double), target :: x(3, 40)
    real(c_double) :: as_real(40)
    integer(c_int64_t), target :: long(40)
    integer :: labels(40), predicted(40), rows(1, 40), stat, i
    x = pattern(3, 40)
    labels = maxloc(x, dim=1) - 1
    call net%create([3, 8, 3], activations=[NETLET_RELU, NETLET_SOFTMAX], loss=NETLET_CROSS_ENTROPY, &
      reduction=NETLET_MEAN, init=NETLET_HE_UNIFORM, seed=1_c_int64_t)
    call sgd%create(NETLET_SGD, learning_rate=0.5_c_double)
    options%epochs = 400
    call net%fit(x, labels, sgd, options, history)
    call net%predict(x, predicted)
    call net%evaluate(x, labels, evaluation)
    call check(evaluation%accuracy == count(predicted == labels) / 40.0_c_double .and. evaluation%accuracy > 0.9, "classes")
    call check(history%accuracy(400) > 0.9 .and. net%predictions() == 1, "accuracy")
    call net%predict(x, rows)
    call net%predict(x, as_real)
    call check(all(rows(1, :) == predicted) .and. all(nint(as_real) == predicted), "predictions of every shape")
    call net%predict(netlet_view(x), netlet_view(long))
    call check(all(long == predicted), "in 64 bits")
    call net%forward(netlet_view(x), netlet_view(long), stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT, "outputs are no integers")
    print '(2a)', "classes ", net%fingerprint()
    print '(a, 40(1x, i0))', "predicted", (predicted(i), i = 1, 40)
  end subroutine

  ! The same bits as of all rows together, in every kind and layout.
  subroutine parts_of_a_batch()
    type(netlet_network) :: net, whole
    type(netlet_optimizer) :: adam, other
    type(netlet_task) :: task
    integer(c_int64_t), allocatable :: total(:), part(:), again(:)
    real(c_double), target :: x(3, many), y(2, many), weight(many)
    real(c_float) :: single_x(3, many), single_y(2, many), single(38), expected_single(38)
    real(c_double) :: gradient(38), expected(38), loss, before
    integer :: labels(many), stat, step
    character(200) :: message
    character(64) :: was
    x = pattern(3, many)
    y = pattern(2, many)
    weight = 1
    call make(net, NETLET_FLOAT64)
    whole = net
    call adam%create(NETLET_ADAM)
    call other%create(NETLET_ADAM)
    do step = 1, 2
      task = net%step_task(many, adam)
      call check(task%kind() == NETLET_TASK_GRADIENT .and. task%rows() == many .and. task%first() == 0 .and. &
        .not. task%shuffled() .and. .not. task%of_validation(), "a task")
      call check(all(task%rows_of(256, 3) == [257, 258, 259]), "rows of a task")
      if (allocated(total)) deallocate (total)
      call net%partial(x(:, 513:), y(:, 513:), task, part, 512)
      call netlet_combine(total, part)
      call net%partial(transpose(x(:, :512)), transpose(y(:, :512)), task, part, rows_first=.true., &
        sample_weight=netlet_view(weight(:512)))
      call netlet_combine(total, part)
      call net%partial(x, y, task, again)
      call check(all(total == again), "parts together are the whole")
      call whole%backward(x, y, expected, before)
      call net%finish(total, gradient, loss)
      call check(all(gradient == expected) .and. loss == before, "the gradient of a batch in parts")
      call whole%step(x, y, other, before)
      call net%finish(total, adam, loss)
      call check(net%fingerprint() == whole%fingerprint() .and. loss == before, "its step")
    end do
    was = net%fingerprint()
    call net%finish(part, adam, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "total: expected the sums of all 4 blocks") == 1, &
      "sums of a part")
    call netlet_combine(total, part, stat, message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. all(total == again) .and. &
      message == "b: expected other blocks than a's, got block 0 in both", "a part twice")
    call net%partial(x(:, :100), y(:, :100), task, part, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "x: expected a multiple of 256 rows") == 1, &
      "a cut block")
    call net%partial(x(:, :256), y(:, :256), task, part, -256, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "x: expected rows within the batch") == 1, "no rows")
    call net%partial(transpose(x), transpose(y), task, part, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "x: expected 3 inputs per row") == 1, "rows first")
    call net%finish(total, gradient(:5), stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT, "a short gradient")
    call net%finish(total, single, stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT .and. net%fingerprint() == was, "a gradient of another kind")

    call make(net, NETLET_FLOAT32)
    single_x = real(x, c_float)
    single_y = real(y, c_float)
    task = net%step_task(many, adam)
    call net%partial(single_x, single_y, task, part)
    call net%finish(part, single)
    call net%backward(single_x, single_y, expected_single)
    call check(all(single == expected_single), "a gradient in single precision")
    call net%create([3, 3], activations=[NETLET_SOFTMAX], loss=NETLET_CROSS_ENTROPY)
    whole = net
    labels = maxloc(x, dim=1) - 1
    call net%partial(x, labels, net%step_task(many, adam), part)
    call net%partial(single_x, labels, net%step_task(many, adam), again)
    call check(size(part) == size(again), "classes")
    call net%create([3, 1])
    task = net%step_task(many, adam)
    call net%partial(x, y(1, :), task, part)
    call net%partial(single_x, single_y(1, :), task, again)
    call check(size(part) == size(again), "a column")
    call net%close()
    task = net%step_task(many, adam, stat, message)
    call check(stat == NETLET_ERROR_ARGUMENT, "a task of a closed network")
    call net%partial(x, y, task, part, stat=stat)
    call check(stat == NETLET_ERROR_ARGUMENT, "a part of it")
  end subroutine

  subroutine training_on_sums()
    type(netlet_network) :: alone
    type(netlet_optimizer) :: adam, other
    type(netlet_fit_options) :: options
    type(netlet_history) :: history, expected
    character(200) :: message
    character(64) :: was
    integer :: dtype, stat
    all_x = pattern(3, many)
    all_y = pattern(2, many)
    all_weight = 1 + [(mod(stat, 3), stat = 0, many - 1)]
    fail_to_sum = .false.
    too_short = .false.
    do dtype = NETLET_FLOAT32, NETLET_FLOAT64
      call shared%create([3, 6, 2], activations=[NETLET_TANH, NETLET_IDENTITY], reduction=NETLET_MEAN, dtype=dtype, &
        dropout=[0.25_c_double], seed=4_c_int64_t)
      alone = shared
      call adam%create(NETLET_ADAM, learning_rate=0.01_c_double)
      other = adam
      options = netlet_fit_options()
      options%epochs = 5
      options%batch_size = 300
      options%standardize_inputs = .true.
      options%standardize_outputs = .true.
      options%patience = 3
      options%sample_weight = netlet_view(all_weight)
      options%validation_x = netlet_view(all_x(:, :512))
      options%validation_y = netlet_view(all_y(:, :512))
      options%validation_weight = netlet_view(all_weight(:512))
      call alone%fit(all_x, all_y, other, options, expected)
      options%validation_x = netlet_array()
      options%validation_y = netlet_array()
      options%sums => sums_in_parts
      options%rows = many
      call shared%fit(adam, options, stat=stat, errmsg=message)
      call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "sample_weight: expected none") == 1, &
        "whose weights?")
      options%sample_weight = netlet_array()
      options%validation_rows = 512
      options%weighted = .true.
      call shared%fit(adam, options, history)
      call check(shared%fingerprint() == alone%fingerprint(), "sums give the bits of fit")
      call check(all(history%loss == expected%loss) .and. all(history%validation_loss == expected%validation_loss), &
        "and its history")
      print '(a, i0, 2a)', "sums", dtype, " ", shared%fingerprint()
    end do

    was = shared%fingerprint()
    call shared%fit(all_x, all_y, adam, options, stat=stat, errmsg=message)
    call check(message == "x: expected NULL with next_batch or sums", "rows and sums")
    options%rows = 0
    call shared%fit(adam, options, stat=stat, errmsg=message)
    call check(message == "rows: expected 1 or more, got 0", "no number of rows")
    options%rows = many
    fail_to_sum = .true.
    call shared%fit(adam, options, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_CALLBACK .and. message == "fit: the callback failed", "a failure of the sums")
    fail_to_sum = .false.
    too_short = .true.
    call shared%fit(adam, options, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_CALLBACK .and. index(message, "sums: expected the sums over all rows, ") == 1, &
      "sums of another size")
    too_short = .false.
    options%weighted = .false.
    call shared%fit(adam, options, stat=stat, errmsg=message)
    call check(message == "weighted: expected 1, as rows have weights, got 0", "weights that were not said")
    options%sums => null()
    call shared%fit(adam, options, stat=stat, errmsg=message)
    call check(stat == NETLET_ERROR_ARGUMENT .and. index(message, "sums: expected a procedure in options%sums") == 1, &
      "neither rows nor sums")
    call check(shared%fingerprint() == was, "and nothing has changed")
    call shared%close()
  end subroutine

  subroutine outputs_of(path)
    character(*), intent(in) :: path
    type(netlet_network) :: net
    real(c_double), allocatable :: y(:, :), predicted(:, :)
    call net%load(path)
    allocate (y(net%outputs(), 7), predicted(net%predictions(), 7))
    call net%forward(pattern(net%inputs(), 7), y)
    call net%predict(pattern(net%inputs(), 7), predicted)
    print '(2a)', "fingerprint ", net%fingerprint()
    print '(a, *(1x, z16.16))', "forward", y
    print '(a, *(1x, z16.16))', "predict", predicted
  end subroutine
end program
