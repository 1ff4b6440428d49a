! SPDX-License-Identifier: BSD-3-Clause
! Loads a network and prints its predictions for each line of numbers, like predict.c:
!
!   predict_fortran NETWORK < rows.txt
program predict
  use, intrinsic :: iso_c_binding, only: c_double
  use, intrinsic :: iso_fortran_env, only: error_unit
  use netlet
  implicit none
  character(*), parameter :: blanks = " " // achar(9) // achar(13), numerals = "0123456789+-.eEdDnNaAiIfF"
  character(4096) :: path
  character(:), allocatable :: line
  type(netlet_network) :: network
  real(c_double), allocatable :: x(:, :), y(:, :)
  integer :: number, status

  if (command_argument_count() /= 1) error stop "usage: predict_fortran NETWORK < ROWS"
  call get_command_argument(1, path)
  call network%load(path)
  print '(2a)', "fingerprint ", network%fingerprint()
  allocate (x(network%inputs(), 1), y(network%predictions(), 1))
  number = 0
  do while (next_line(line))
    number = number + 1
    if (words(line) == 0) cycle
    status = 1
    if (words(line) == size(x) .and. verify(line, blanks // numerals) == 0) read (line, *, iostat=status) x
    if (status /= 0) then
      write (error_unit, '(a, i0, a, i0, 3a)') "line ", number, ": expected ", size(x), " numbers, got '", line, "'"
      stop 1, quiet=.true.
    end if
    call network%predict(x, y)
    print '(*(es24.16e3, :, 1x))', y
  end do

contains

  ! Reads a line of any length; false at the end of the input.
  logical function next_line(line)
    character(:), allocatable, intent(out) :: line
    character(1024) :: part
    integer :: length, status
    line = ""
    do
      read (*, '(a)', advance="no", size=length, iostat=status) part
      line = line // part(:length)
      if (status /= 0) exit
    end do
    next_line = .not. is_iostat_end(status) .or. len(line) > 0
  end function

  ! The number of words, separated by blanks.
  integer function words(line)
    character(*), intent(in) :: line
    logical :: before, within
    integer :: i
    words = 0
    before = .false.
    do i = 1, len(line)
      within = verify(line(i:i), blanks) /= 0
      if (within .and. .not. before) words = words + 1
      before = within
    end do
  end function
end program
