! SPDX-License-Identifier: BSD-3-Clause
! A model of the atmosphere computes heating rates column by column. A network learns to do it from the columns that the
! model has computed, and then takes its place. Fields are (columns, levels), as in many such models: rows_first.
module radiation
  use, intrinsic :: iso_c_binding, only: wp => c_double, c_int64_t
  implicit none
  integer, parameter :: levels = 12

contains

  ! What is to be replaced: cooling to space, slowed by the layers above, in K per day.
  subroutine heating(temperature, humidity, rate)
    real(wp), intent(in) :: temperature(:, :), humidity(:, :)  ! K, g/kg; level 1 is the top
    real(wp), intent(out) :: rate(:, :)
    real(wp) :: path(size(temperature, 1))
    integer :: k
    path = 0
    do k = 1, levels
      path = path + 0.05_wp * humidity(:, k)
      rate(:, k) = -2 * (temperature(:, k) / 250)**4 * exp(-path)
    end do
  end subroutine

  ! Columns for training and for the test; the same numbers on every machine.
  subroutine atmosphere(first, temperature, humidity)
    integer, intent(in) :: first
    real(wp), intent(out) :: temperature(:, :), humidity(:, :)
    integer :: i, k
    do k = 1, levels
      do i = 1, size(temperature, 1)
        temperature(i, k) = 210 + 7 * k + 20 * wave(first + i, k)
        humidity(i, k) = 0.1_wp * k**2 * (1 + wave(3 * (first + i), k + 5))
      end do
    end do
  end subroutine

  real(wp) function wave(i, k)
    integer, intent(in) :: i, k
    integer(c_int64_t), parameter :: prime = 2147483647
    wave = real(modulo(i * modulo((7919 + 30011_c_int64_t * k) * 48271, prime), prime), wp) * 2 / prime - 1
  end function
end module

program column
  use netlet
  use radiation
  implicit none
  integer, parameter :: known = 4000, columns = 1000, block = 125
  real(wp) :: temperature(known, levels), humidity(known, levels), rate(known, levels)
  real(wp) :: predicted(columns, levels)
  type(netlet_network) :: network
  type(netlet_optimizer) :: adam
  type(netlet_fit_options) :: options
  integer :: first, last

  call atmosphere(0, temperature, humidity)
  call heating(temperature, humidity, rate)
  call network%create([2 * levels, 48, levels], activations=[NETLET_TANH, NETLET_IDENTITY], reduction=NETLET_MEAN)
  call adam%create(NETLET_ADAM, learning_rate=0.005_wp)
  options%epochs = 60
  options%batch_size = 100
  options%standardize_inputs = .true.
  options%standardize_outputs = .true.
  call network%fit(reshape([temperature, humidity], [known, 2 * levels]), rate, adam, options, rows_first=.true.)
  call network%save("column.netlet")
  print '(2a)', "fingerprint ", network%fingerprint()

  ! In the model: blocks of columns, on the model's own threads.
  call netlet_set_num_threads(1)
  call atmosphere(known, temperature(:columns, :), humidity(:columns, :))
  !$omp parallel do private(last)
  do first = 1, columns, block
    last = first + block - 1
    call network%forward(reshape([temperature(first:last, :), humidity(first:last, :)], [block, 2 * levels]), &
      predicted(first:last, :), rows_first=.true.)
  end do
  call heating(temperature(:columns, :), humidity(:columns, :), rate(:columns, :))
  print '(a, f6.3, a, f6.3, a)', "error ", rms(predicted - rate(:columns, :)), " K per day, of rates of ", &
    rms(rate(:columns, :)), " K per day"

contains

  real(wp) function rms(values)
    real(wp), intent(in) :: values(:, :)
    rms = sqrt(sum(values**2) / size(values))
  end function
end program
