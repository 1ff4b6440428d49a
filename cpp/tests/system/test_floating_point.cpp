// SPDX-License-Identifier: BSD-3-Clause
// The caller's rounding mode and flush-to-zero change no bit, are there in callbacks, and are back after each call.
#include <netlet/netlet.hpp>

#include <cfenv>
#include <cmath>

#if defined(NETLET_X86)
#include <xmmintrin.h>
#endif

#include "check.hpp"

using netlet::Array;

static std::vector<double> pattern(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = (double)(i * 37 % 101) / 50 - 1;
  return values;
}

static const std::size_t kRows = 1500;
static const std::vector<double> kX = pattern(kRows * 12), kY = pattern(kRows * 3);

// everything that a network computes, as text; in_callback runs in each epoch's callback
static std::string results(const std::function<void()>& in_callback) {
  std::string all;
  const auto add = [&](const std::vector<double>& values) {
    all.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  };
  netlet::Network net({12, 40, 3});
  net.initialize(netlet::Init::glorot_uniform, 5);
  const Array x(kX.data(), kRows, 12), y(kY.data(), kRows, 3);
  std::vector<double> out(kRows * 3), gradient(net.parameter_count());
  net.forward(x, out.data());
  add(out);
  add({net.backward(x, y, gradient.data()), net.loss(x, y)});
  add(gradient);
  netlet::Optimizer adam = netlet::Adam();
  add({net.step(x, y, adam)});
  netlet::FitOptions options;
  options.epochs = 3;
  options.batch_size = 400;
  options.on_epoch = [&](const netlet_epoch&, const netlet::History&) {
    in_callback();
    return false;
  };
  add(net.fit(x, y, adam, options).loss);
  const std::vector<double> tiny = {-740, -708.5, -1, 1e-310, 3};
  std::vector<double> mapped(tiny.size());
  netlet::map(netlet::Function::exp, tiny.size(), tiny.data(), mapped.data());
  add(mapped);
  for (const auto f : {netlet::Activation::sigmoid, netlet::Activation::tanh}) {
    netlet::map(f, tiny.size(), tiny.data(), mapped.data());
    add(mapped);
  }
  return all + net.fingerprint();
}

int main() {
  netlet_set_num_threads(3, nullptr);
  int calls = 0;
  const std::string expected = results([&] { ++calls; });
  CHECK(calls == 3);
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    const std::string got = results([&] { CHECK(std::fegetround() == mode); });
    CHECK(std::fegetround() == mode);
    std::fesetround(FE_TONEAREST);
    CHECK(got == expected);
  }
#if defined(NETLET_X86)
  const unsigned before = _mm_getcsr(), flush = 0x8040;  // flush to zero, denormals are zero
  _mm_setcsr(before | flush);
  const std::string got = results([&] { CHECK((_mm_getcsr() & flush) == flush); });
  CHECK((_mm_getcsr() & flush) == flush);
  _mm_setcsr(before);
  CHECK(got == expected);
#endif
  return check::summary();
}
