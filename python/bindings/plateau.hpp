// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <netlet/netlet.hpp>
#include <limits>
#include <vector>

// A callback of fit that ends training when its figures stand still: by scikit-learn's rule, when more than `patience`
// in a row were not below the best one by more than `tol`. A figure is scale * loss + shift, plus `penalty` times the
// sum of the squared weights, as the batches of the epoch met them: as if it had changed by as much with each of them.
//
// fit calls it without Python: called for each of hundreds of epochs, Python would take as long as a small network.
class Plateau {
 public:
  Plateau(const netlet::Network& network, double tol, double patience)
      : tol(tol), patience(patience), network_(network), sizes_(network.layer_sizes()), squares_(sum_of_squares()) {}

  bool after_epoch(double loss);  // whether training is to end
  bool update(double figure);

  const double tol, patience;
  double scale = 1, shift = 0, penalty = 0;
  std::size_t batches = 1;
  bool stopped = false;  // whether the last figure said so, or a caller
  double best = std::numeric_limits<double>::infinity();
  std::size_t count = 0;        // figures since then that were no better
  std::vector<double> figures;  // of the epochs that it was called for

 private:
  double sum_of_squares() const;

  const netlet::Network& network_;
  const std::vector<std::size_t> sizes_;
  double squares_;
};
