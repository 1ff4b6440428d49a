// SPDX-License-Identifier: BSD-3-Clause
#include "compute/schedule.hpp"

#include "system/error.hpp"

namespace netlet::core {
namespace {

// sin(pi x) for 0 <= x <= 1/2; coefficients from Sollya's fpminimax, relative error 1.8e-16. The C library's sine
// differs between systems.
double sin_pi(double x) {
  const double c[] = {0x1.921fb54442d17p1,  -0x1.4abbce625bd4bp2,  0x1.466bc67750a3fp1,   -0x1.32d2cce1612b5p-1,
                      0x1.507832417bce6p-4, -0x1.e3062119b6071p-8, 0x1.e89c7aa14122dp-12, -0x1.625b1709dece6p-16};
  const double x2 = x * x;
  double sum = c[7];
  for (int i = 6; i >= 0; --i) sum = sum * x2 + c[i];
  return x * sum;
}

}  // namespace

netlet_status check_schedule(const netlet_schedule& s, netlet_error* error) {
  const int kind = s.kind;
  if (kind < NETLET_CONSTANT || kind > NETLET_FUNCTION) return invalid(error, "schedule: unknown number %d", kind);
  if ((kind == NETLET_STEP_DECAY || kind == NETLET_EXPONENTIAL || kind == NETLET_PLATEAU) &&
      !(s.gamma > 0 && s.gamma <= 1))
    return invalid(error, "gamma: expected 0 < gamma <= 1, got %g", s.gamma);
  if ((kind == NETLET_STEP_DECAY || kind == NETLET_COSINE || kind == NETLET_PLATEAU) && s.period == 0)
    return invalid(error, "period: expected at least 1 epoch, got 0");
  if ((kind == NETLET_COSINE || kind == NETLET_PLATEAU) && !(s.floor >= 0 && s.floor <= 1))
    return invalid(error, "floor: expected 0 <= floor <= 1, got %g", s.floor);
  if (kind == NETLET_PLATEAU && !(s.min_delta >= 0 && s.min_delta <= 1.79e308))
    return invalid(error, "min_delta: expected a finite number >= 0, got %g", s.min_delta);
  if (kind == NETLET_FUNCTION && !s.function) return invalid(error, "schedule: expected a function, got NULL");
  return NETLET_OK;
}

double Schedule::factor(uint64_t epoch) {
  switch (schedule_.kind) {
    case NETLET_STEP_DECAY:
    case NETLET_EXPONENTIAL: {
      const uint64_t exponent = schedule_.kind == NETLET_EXPONENTIAL ? epoch : epoch / schedule_.period;
      while (exponent_ < exponent) {
        const double next = power_ * schedule_.gamma;
        exponent_ = next == power_ ? exponent : exponent_ + 1;  // it no longer changes
        power_ = next;
      }
      return power_;
    }
    case NETLET_COSINE: {
      if (epoch >= schedule_.period) return schedule_.floor;
      const double s = sin_pi(0.5 * ((double)epoch / (double)schedule_.period));
      return schedule_.floor + (1 - schedule_.floor) * (1 - s * s);
    }
    case NETLET_PLATEAU: return progress_.plateau_factor;
  }
  return 1;
}

void Schedule::set_state(const netlet_optimizer_progress& state) {
  if (schedule_.kind != NETLET_PLATEAU) return;
  progress_.plateau_factor = state.plateau_factor;
  progress_.plateau_best = state.plateau_best;
  progress_.plateau_epochs = state.plateau_epochs;
}

void Schedule::add_loss(double loss) {
  if (schedule_.kind != NETLET_PLATEAU) return;
  if (loss < progress_.plateau_best - schedule_.min_delta) {
    progress_.plateau_best = loss;
    progress_.plateau_epochs = 0;
  } else if (++progress_.plateau_epochs >= schedule_.period) {
    const double next = progress_.plateau_factor * schedule_.gamma;
    progress_.plateau_factor = next < schedule_.floor ? schedule_.floor : next;
    progress_.plateau_epochs = 0;
  }
}

}  // namespace netlet::core
