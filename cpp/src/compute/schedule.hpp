// SPDX-License-Identifier: BSD-3-Clause
// The factor that a schedule multiplies the learning rate with, epoch by epoch.
#pragma once

#include "netlet/netlet.h"

namespace netlet::core {

netlet_status check_schedule(const netlet_schedule& schedule, netlet_error* error);

class Schedule {
 public:
  // For epochs in rising order. progress: keeps what a plateau has seen.
  Schedule(const netlet_schedule& schedule, netlet_optimizer_progress& progress)
      : schedule_(schedule), progress_(progress) {}
  double factor(uint64_t epoch);
  void add_loss(double loss);

 private:
  const netlet_schedule& schedule_;
  netlet_optimizer_progress& progress_;
  double power_ = 1;  // gamma^exponent_
  uint64_t exponent_ = 0;
};

}  // namespace netlet::core
