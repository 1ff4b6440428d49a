! SPDX-License-Identifier: BSD-3-Clause
! Loads a network and predicts, as predict.c does:  predict_fortran NETWORK < rows.txt
program predict
  use, intrinsic :: iso_c_binding, only: c_double, c_ptr
  use netlet
  implicit none
  character(4096) :: path
  type(c_ptr) :: network
  real(c_double), allocatable :: x(:, :), y(:, :)
  integer :: status

  if (command_argument_count() /= 1) error stop "usage: predict_fortran NETWORK < ROWS"
  call get_command_argument(1, path)
  network = netlet_load(trim(path))
  print '(2a)', "fingerprint ", netlet_fingerprint(network)
  allocate (x(netlet_inputs(network), 1), y(netlet_outputs(network), 1))
  do
    read (*, *, iostat=status) x
    if (status > 0) error stop "rows: expected numbers"
    if (status < 0) exit
    call netlet_predict(network, x, y)
    print '(*(es24.16e3, :, 1x))', y
  end do
  call netlet_free(network)
end program
