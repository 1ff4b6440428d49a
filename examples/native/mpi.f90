! SPDX-License-Identifier: BSD-3-Clause
! Learns to read handwritten digits on any number of processes, with MPI, as mpi.c does:
!
!   mpiexec -n 4 mpi_fortran DIGITS.CSV [BATCH_SIZE]
!
! Each process, a rank, keeps some of the rows, and all of them run net%fit. Whenever it needs sums over all rows, each
! rank sums over its own, the sums are added on the way up a binary tree of ranks, and the total goes back to all of them.
! So all ranks take the same steps, and the network has the same bits for any number of them.
module digits
  use, intrinsic :: iso_c_binding, only: c_int32_t, c_int64_t
  use, intrinsic :: iso_fortran_env, only: error_unit
  use mpi_f08
  use netlet
  implicit none
  integer, parameter :: pixels = 64, block = 256  ! rows that netlet sums together; a share has whole ones
  integer :: rank, ranks
  integer :: all_rows, first, rows  ! this rank has so many rows of all_rows; first come before them
  integer(c_int32_t), allocatable, target :: images(:, :), labels(:)
  type(netlet_network) :: net

contains

  ! What net%fit calls: on each rank with the same task, and all must come to the same total.
  subroutine sums(task, total, stat)
    type(netlet_task), intent(in) :: task
    integer(c_int64_t), allocatable, intent(inout) :: total(:)
    integer, intent(inout) :: stat
    integer(c_int64_t), allocatable :: ours(:), theirs(:)
    character(256) :: message
    type(MPI_Status) :: status
    integer :: before, from, to, distance, count

    ! the task's rows that are here: all of ours, unless it is of a smaller batch
    before = int(task%first())
    from = max(first, before) + 1
    to = min(first + rows, before + int(task%rows()))
    if (from <= to) then
      call net%partial(netlet_view(images(:, from - first:to - first)), netlet_view(labels(from - first:to - first)), &
        task, ours, from - 1 - before, stat=stat, errmsg=message)
      if (stat /= NETLET_OK) call fail(message)
    end if

    distance = 1
    do while (distance < ranks)
      if (iand(rank, distance) /= 0) then
        if (.not. allocated(ours)) allocate (ours(0))
        call MPI_Send(ours, size(ours), MPI_INTEGER8, rank - distance, 0, MPI_COMM_WORLD)
        exit
      end if
      if (rank + distance < ranks) then
        call MPI_Probe(rank + distance, 0, MPI_COMM_WORLD, status)
        call MPI_Get_count(status, MPI_INTEGER8, count)
        allocate (theirs(count))
        call MPI_Recv(theirs, count, MPI_INTEGER8, rank + distance, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
        if (count > 0) call netlet_combine(ours, theirs, stat, message)
        if (stat /= NETLET_OK) call fail(message)
        deallocate (theirs)
      end if
      distance = 2 * distance
    end do
    if (rank == 0) call move_alloc(ours, total)
    call MPI_Bcast(total, size(total), MPI_INTEGER8, 0, MPI_COMM_WORLD)
  end subroutine

  ! Ends all ranks.
  subroutine fail(message)
    character(*), intent(in) :: message
    double precision :: begin
    write (error_unit, '(a, i0, 2a)') "mpi_fortran: rank ", rank, ": ", trim(message)
    flush (error_unit)
    begin = MPI_Wtime()  ! MPICH's mpiexec may drop what is written just before an abort
    do while (MPI_Wtime() < begin + 0.5d0)
    end do
    call MPI_Abort(MPI_COMM_WORLD, 1)
  end subroutine

  ! Keeps the lines of this rank's blocks: 64 pixels from 0 to 16, and the digit.
  subroutine read_share(path)
    character(*), intent(in) :: path
    character(1000) :: line
    integer :: unit, status, blocks, i
    integer(c_int32_t) :: values(pixels + 1)
    open (newunit=unit, file=path, action="read", status="old", iostat=status)
    if (status /= 0) call fail(path // ": cannot be read")
    all_rows = 0
    do
      read (unit, '(a)', iostat=status) line
      if (status /= 0) exit
      all_rows = all_rows + 1
    end do
    blocks = (all_rows + block - 1) / block
    first = blocks * rank / ranks * block
    rows = min(blocks * (rank + 1) / ranks * block, all_rows) - first
    allocate (images(pixels, rows), labels(rows))
    rewind (unit)
    do i = 1, first + rows
      read (unit, '(a)') line
      if (i <= first) cycle
      read (line, *, iostat=status) values
      if (status /= 0) then
        write (line, '(2a, i0, a)') path, ", line ", i, ": expected 65 numbers"
        call fail(line)
      end if
      images(:, i - first) = values(:pixels)
      labels(i - first) = values(pixels + 1)
    end do
    close (unit)
  end subroutine
end module

program mpi_digits
  use digits
  implicit none
  type(netlet_optimizer) :: adam
  type(netlet_fit_options) :: options
  type(netlet_history) :: history
  character(1000) :: path, batch_size
  character(256) :: message
  character(64) :: of_rank_0
  integer :: stat

  call MPI_Init()
  call MPI_Comm_rank(MPI_COMM_WORLD, rank)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks)
  if (command_argument_count() < 1 .or. command_argument_count() > 2) &
    call fail("usage: mpi_fortran DIGITS.CSV [BATCH_SIZE]")
  call get_command_argument(1, path)
  call read_share(trim(path))

  ! the same on all ranks
  call netlet_set_num_threads(1)  ! as a rank has one core
  call net%create([pixels, 40, 10], activations=[NETLET_RELU, NETLET_SOFTMAX], loss=NETLET_CROSS_ENTROPY, &
    reduction=NETLET_MEAN, init=NETLET_HE_UNIFORM)
  call adam%create(NETLET_ADAM, learning_rate=0.01d0)
  options%epochs = 50
  options%standardize_inputs = .true.
  options%sums => sums
  options%rows = all_rows
  ! Batches must be of whole blocks, and unshuffled: their rows stay where they are.
  if (command_argument_count() == 2) then
    call get_command_argument(2, batch_size)
    read (batch_size, *, iostat=stat) options%batch_size
    if (stat /= 0 .or. options%batch_size <= 0 .or. modulo(options%batch_size, block) /= 0) &
      call fail("BATCH_SIZE: expected a multiple of 256")
  end if
  options%shuffle = .false.
  call net%fit(adam, options, history, stat, message)
  if (stat /= NETLET_OK) call fail(message)

  of_rank_0 = net%fingerprint()
  call MPI_Bcast(of_rank_0, len(of_rank_0), MPI_CHARACTER, 0, MPI_COMM_WORLD)
  if (net%fingerprint() /= of_rank_0) call fail("the network differs from that of rank 0")
  if (rank == 0) then
    print '(a, f8.6, a, f6.2, a)', "loss ", history%loss(options%epochs), ", ", &
      100 * history%accuracy(options%epochs), " % read right"
    print '(2a)', "fingerprint ", of_rank_0
  end if
  call MPI_Finalize()
end program
