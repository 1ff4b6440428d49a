// SPDX-License-Identifier: BSD-3-Clause
// The factor by which a schedule multiplies the learning rate in each epoch.
#pragma once

#include "network/optimizer.hpp"

namespace netlet::core {

netlet_status check_schedule(const netlet_schedule& schedule, netlet_error* error);

class Schedule {
 public:
  // For epochs in increasing order. progress: keeps the state of a plateau.
  Schedule(const netlet_schedule& schedule, Progress& progress) : schedule_(schedule), progress_(progress) {}
  double factor(uint64_t epoch);
  void set_state(const netlet_optimizer_progress& state);  // that of a plateau
  void add_loss(double loss);

 private:
  const netlet_schedule& schedule_;
  Progress& progress_;
  double power_ = 1;  // gamma^exponent_
  uint64_t exponent_ = 0;
};

}  // namespace netlet::core
