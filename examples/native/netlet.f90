! SPDX-License-Identifier: BSD-3-Clause
! The part of netlet.h that a Fortran 2018 program needs to load a network and run it; the rest follows the same pattern.
! Fortran's columns are netlet's rows: x(inputs, rows), y(outputs, rows).
module netlet
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: netlet_load, netlet_forward, netlet_free, netlet_fingerprint, netlet_inputs, netlet_outputs

  integer(c_int32_t), parameter :: float32 = 0, float64 = 1

  type, bind(c) :: netlet_error
    character(kind=c_char) :: message(256)
    integer(c_int32_t) :: system_error
  end type
  type, bind(c) :: netlet_array
    type(c_ptr) :: data
    integer(c_int32_t) :: dtype
    integer(c_size_t) :: rows, columns
    integer(c_ptrdiff_t) :: row_stride, column_stride
  end type

  interface
    integer(c_int) function c_load(path, network, optimizer, error) bind(c, name="netlet_load")
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_ptr), intent(out) :: network
      type(c_ptr), value :: optimizer
      type(netlet_error), intent(out) :: error
    end function
    integer(c_int) function c_forward(network, x, out, error) bind(c, name="netlet_forward")
      import
      type(c_ptr), value :: network, out
      type(netlet_array), intent(in) :: x
      type(netlet_error), intent(out) :: error
    end function
    integer(c_int) function c_fingerprint(network, hex, error) bind(c, name="netlet_fingerprint")
      import
      type(c_ptr), value :: network
      character(kind=c_char), intent(out) :: hex(65)
      type(netlet_error), intent(out) :: error
    end function
    integer(c_size_t) function c_inputs(network) bind(c, name="netlet_inputs")
      import
      type(c_ptr), value :: network
    end function
    integer(c_size_t) function c_outputs(network) bind(c, name="netlet_outputs")
      import
      type(c_ptr), value :: network
    end function
    integer(c_int) function c_dtype(network) bind(c, name="netlet_network_dtype")
      import
      type(c_ptr), value :: network
    end function
    subroutine netlet_free(network) bind(c, name="netlet_network_free")
      import
      type(c_ptr), value :: network
    end subroutine
  end interface

contains

  ! Loads a network from a file; release it with netlet_free.
  function netlet_load(path) result(network)
    character(*), intent(in) :: path
    type(c_ptr) :: network
    type(netlet_error) :: error
    call check(c_load(path // c_null_char, network, c_null_ptr, error), path, error)
  end function

  integer function netlet_inputs(network)
    type(c_ptr), intent(in) :: network
    netlet_inputs = int(c_inputs(network))
  end function

  integer function netlet_outputs(network)
    type(c_ptr), intent(in) :: network
    netlet_outputs = int(c_outputs(network))
  end function

  function netlet_fingerprint(network) result(hex)
    type(c_ptr), intent(in) :: network
    character(64) :: hex
    character(kind=c_char) :: text(65)
    type(netlet_error) :: error
    integer :: i
    call check(c_fingerprint(network, text, error), "fingerprint", error)
    do i = 1, 64
      hex(i:i) = text(i)
    end do
  end function

  ! y(:, i) = the network's outputs for x(:, i); a float32 network converts x and computes in float32.
  subroutine netlet_forward(network, x, y)
    type(c_ptr), intent(in) :: network
    real(c_double), intent(in), target, contiguous :: x(:, :)
    real(c_double), intent(out), target, contiguous :: y(:, :)
    type(netlet_array) :: rows
    type(netlet_error) :: error
    real(c_float), allocatable, target :: single(:, :)
    integer(c_ptrdiff_t), parameter :: bytes = storage_size(0.0_c_double) / 8
    if (size(y, 1) /= netlet_outputs(network) .or. size(y, 2) /= size(x, 2)) &
      error stop "netlet_forward: expected y(outputs, rows of x)"
    rows = netlet_array(c_loc(x), float64, size(x, 2, c_size_t), size(x, 1, c_size_t), &
                        bytes * size(x, 1, c_ptrdiff_t), bytes)
    if (c_dtype(network) == float32) then
      allocate (single(size(y, 1), size(y, 2)))
      call check(c_forward(network, rows, c_loc(single), error), "netlet_forward", error)
      y = single
    else
      call check(c_forward(network, rows, c_loc(y), error), "netlet_forward", error)
    end if
  end subroutine

  subroutine check(status, what, error)
    integer(c_int), intent(in) :: status
    character(*), intent(in) :: what
    type(netlet_error), intent(in) :: error
    character(256) :: sentence
    integer :: i
    if (status == 0) return
    sentence = ""
    do i = 1, 256
      if (error%message(i) == c_null_char) exit
      sentence(i:i) = error%message(i)
    end do
    error stop what // ": " // trim(sentence)
  end subroutine
end module
