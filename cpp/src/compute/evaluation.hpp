// SPDX-License-Identifier: BSD-3-Clause
// Loss and figures over batches that come one by one, with the bits that all their rows together would give.
#pragma once

#include <math.h>

#include "compute/batch.hpp"
#include "network/sums.hpp"
#include "network/targets.hpp"

namespace netlet::core {

template <class T> class Evaluation {
 public:
  // errors: whether rmse and mae are wanted
  Evaluation(const netlet_network& net, bool errors) : net_(net), errors_(errors) {}

  // Adds a batch whose shapes, weights and classes have been checked.
  netlet_status add(const netlet_batch& batch, netlet_error* error) {
    constexpr size_t kPiece = kWholeBlocks * kBlockRows;
    const size_t rows = batch.x.rows;
    if (!sums_.rows() && !sums_.begin(1)) return out_of_memory(error);
    Judged judged;
    NETLET_TRY(count_judged<T>(net_, batch.targets, &judged, error));
    judged_ += judged.rows;
    any_ |= judged.any;
    NETLET_TRY(runner_.prepare(net_, batch.x, batch.targets, false, smaller(rows, kPiece),
                               {false, false, false, errors_}, nullptr, false, error));
    for (size_t first = 0; first < rows; first += kPiece) {
      const size_t count = smaller(kPiece, rows - first);
      correct_ += runner_.pass({&batch.x, &batch.targets, nullptr, first, count, {}}).correct;
      NETLET_TRY(check_stop(error));
      if (!add_rows(count, batch.targets.sample_weight != nullptr)) return out_of_memory(error);
    }
    if (pace_.stop(2.0 * (double)net_.parameter_count * (double)rows)) return check_stop(error);
    return NETLET_OK;
  }

  // After the last batch: fails if there was nothing to compare with. allow_no_target: the loss is then 0
  netlet_status finish(bool allow_no_target, netlet_error* error) {
    if (!sums_.rows()) return invalid(error, "batches: expected at least one batch, got none");
    sum_ = *sums_.finish();
    NETLET_TRY(check_mean_weight<T>(sum_.weight, sum_.weight / (double)sums_.rows(), sums_.rows(), false, error));
    return any_ || allow_no_target ? NETLET_OK : no_target(error);
  }
  size_t rows() const { return sums_.rows(); }
  size_t judged() const { return judged_; }
  BatchLoss loss() const { return {sum_.loss, sum_.weight, correct_}; }
  Errors errors() const { return sum_.errors; }

 private:
  struct Sum {
    double loss, weight;
    Errors errors;
    void add(const Sum& next) {
      loss = loss + next.loss;
      weight = weight + next.weight;
      errors.add(next.errors);
    }
  };

  bool add_rows(size_t count, bool weighted) {
    const Pass<T>& rows = runner_.rows();
    for (size_t i = 0; i < count; ++i) {
      sums_.block()->add(
          {rows.row_loss()[i], weighted ? (double)rows.row_weight()[i] : 1, errors_ ? rows.row_errors()[i] : Errors{}});
      if (!sums_.next_row()) return false;
    }
    return true;
  }

  const netlet_network& net_;
  const bool errors_;
  BatchRunner<T> runner_;
  RowSums<Sum> sums_;
  Sum sum_ = {};
  Pace pace_;
  size_t judged_ = 0, correct_ = 0;
  bool any_ = false;
};

}  // namespace netlet::core
