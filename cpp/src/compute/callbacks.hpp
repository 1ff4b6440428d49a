// SPDX-License-Identifier: BSD-3-Clause
// How fit calls the caller's code.
#pragma once

#include "network/entry.hpp"
#include "system/system.hpp"

namespace netlet::core {

constexpr size_t kTogether = 64;  // epochs, at most

// Reports epochs to the caller's on_epochs, very short ones together.
class Reports {
 public:
  Reports(const netlet_fit_options& options, const Held& held, bool short_epochs)
      : options_(options), held_(held), limit_(options.report_together && short_epochs ? kTogether : 1) {}
  bool together() const { return limit_ > 1 || !options_.on_epochs; }
  netlet_epoch* next() { return epochs_ + count_; }  // to be filled, all but their seconds, and then added
  // returns whether it is time for send()
  bool add(size_t count) { return options_.on_epochs && (count_ += count) == limit_; }
  // f(), whose time is not the epoch's
  template <class F> int untimed(F f) {
    const double before = seconds_now();
    const int answer = f();
    begin_ += seconds_now() - before;
    return answer;
  }
  // returns the answer of on_epochs; 0 if there is nothing to report
  int send() {
    if (count_ == 0) return 0;
    const double now = seconds_now();
    for (size_t i = 0; i < count_; ++i) epochs_[i].seconds = (now - begin_) / (double)count_;
    const size_t count = count_;
    count_ = 0;
    const int answer =
        held_.call(!options_.report_together, [&] { return options_.on_epochs(options_.context, epochs_, count); });
    begin_ = seconds_now();  // the caller's time is not the epoch's
    return answer;
  }

 private:
  const netlet_fit_options& options_;
  const Held& held_;
  netlet_epoch epochs_[kTogether];
  size_t limit_, count_ = 0;
  double begin_ = seconds_now();
};

}  // namespace netlet::core
