// SPDX-License-Identifier: BSD-3-Clause
// Every function of the kernels takes any bits: on each instruction set the same results, and under the sanitizers no
// undefined behaviour. Which NaN it is may differ.
#include <cmath>
#include <cstdint>
#include <netlet/netlet.hpp>
#include <vector>

#include "check.hpp"
#include "kernels/activations.hpp"
#include "kernels/kernels.hpp"
#include "kernels/losses.hpp"
#include "kernels/updates.hpp"
#include "system/memory.hpp"

using namespace netlet::core;

template <class T> T of_bits(std::uint64_t bits) {
  T value;
  if constexpr (sizeof(T) == 4) {
    const std::uint32_t half = (std::uint32_t)bits;
    std::memcpy(&value, &half, sizeof value);
  } else {
    std::memcpy(&value, &bits, sizeof value);
  }
  return value;
}

// Each sign with each exponent in `exponents` and a few fractions: zeros, subnormals, the ends of the binades, infinities
// and NaNs, quiet and signalling, with and without payload.
template <class T> std::vector<T> patterns(const std::vector<std::uint64_t>& exponents) {
  const int fraction = sizeof(T) == 4 ? 23 : 52;
  const std::uint64_t one = 1, quiet = one << (fraction - 1), all = (one << fraction) - 1;
  std::vector<T> values;
  for (std::uint64_t sign = 0; sign < 2; ++sign)
    for (const std::uint64_t exponent : exponents)
      for (const std::uint64_t bits : {std::uint64_t(0), one, quiet - 1, quiet, quiet + 1, all})
        values.push_back(of_bits<T>(sign << (8 * sizeof(T) - 1) | exponent << fraction | bits));
  return values;
}
template <class T> constexpr std::uint64_t kLastExponent = sizeof(T) == 4 ? 255 : 2047;

template <class T> std::vector<T> special() {  // few enough for all pairs
  const std::uint64_t last = kLastExponent<T>, bias = last / 2;
  return patterns<T>({0, 1, bias - 1, bias, bias + 6, last - 1, last});
}

// All binades, and of float32 every `kStride`-th of all bit patterns.
template <class T> std::vector<T> many() {
  constexpr std::uint64_t kStride = 65521;
  std::vector<std::uint64_t> exponents;
  for (std::uint64_t e = 0; e <= kLastExponent<T>; ++e) exponents.push_back(e);
  std::vector<T> values = patterns<T>(exponents);
  for (std::uint64_t bits = 0; sizeof(T) == 4 && bits < std::uint64_t(1) << 32; bits += kStride)
    values.push_back(of_bits<T>(bits));
  return values;
}

// f(kernels, out) on each instruction set: out is the same
template <class T, class F> void same_everywhere(const char* what, std::size_t count, F f) {
  std::vector<T> first(count), out(count);
  for (std::size_t isa = 0; netlet_available_isa(isa); ++isa) {
    netlet_set_isa(netlet_available_isa(isa), nullptr);
    f(kernels<T>(), isa ? out.data() : first.data());
    std::size_t different = 0;
    for (std::size_t i = 0; isa && i < count; ++i) {
      const bool both_nan = out[i] != out[i] && first[i] != first[i];
      different += !both_nan && !check::same_bits(&out[i], &first[i], 1);
    }
    if (different) std::fprintf(stderr, "%s: %zu of %zu values differ on %s\n", what, different, count, netlet_isa());
    CHECK(different == 0);
  }
}

template <class T> struct Pairs {
  std::vector<T> a, b;
  Pairs() {
    const std::vector<T> values = special<T>();
    for (const T x : values)
      for (const T y : values) {
        a.push_back(x);
        b.push_back(y);
      }
  }
  std::size_t size() const { return a.size(); }
};

template <class T> void functions() {
  const std::vector<T> x = many<T>();
  const std::size_t n = x.size();
  std::vector<int> all = {NETLET_EXP, NETLET_LOG};
  for (int activation = 0; netlet_activation_name(activation); ++activation)
    if (activation != NETLET_SOFTMAX) all.push_back(activation);
  for (const int function : all)
    same_everywhere<T>("function", n,
                       [&](const Kernels<T>& kernel, T* out) { kernel.map(function, n, x.data(), out); });
  const T one = 1;
  const std::vector<T> ones(n, one);
  for (const int function : all) {
    if (function == NETLET_EXP || function == NETLET_LOG) continue;
    same_everywhere<T>("derivative, one column", n, [&](const Kernels<T>& kernel, T* out) {
      kernel.backward(n, 1, 1, ones.data(), {&one, false}, function, x.data(), out);
    });
    same_everywhere<T>("derivative, many columns", n, [&](const Kernels<T>& kernel, T* out) {
      kernel.backward(1, 1, n, &one, {ones.data(), false}, function, x.data(), out);
    });
  }
  const Pairs<T> pairs;
  for (const std::size_t n : {8, 5}) {  // whole vectors, and parts of them
    const std::size_t rows = pairs.size() / n;
    same_everywhere<T>("softmax", n * rows, [&](const Kernels<T>& kernel, T* out) {
      std::vector<T> unit(n * n), zero(n);
      for (std::size_t i = 0; i < n; ++i) unit[(n + 1) * i] = 1;
      kernel.forward(rows, n, n, pairs.b.data(), (std::ptrdiff_t)n, nullptr, {unit.data(), false}, zero.data(),
                     NETLET_SOFTMAX, nullptr, out);
    });
  }
}

// each loss on all pairs of an output and a target, two at a time; delta, then y, then the rows' losses
template <class T> void losses() {
  const Pairs<T> pairs;
  const std::size_t n = pairs.size(), rows = n / 2;
  const double parameters[] = {0.75, 0.25};
  for (int loss = 0; netlet_loss_name(loss); ++loss)
    for (const int activation : {NETLET_IDENTITY, NETLET_SIGMOID, NETLET_GELU, NETLET_SOFTMAX})
      for (const bool missing : {false, true})
        same_everywhere<T>(netlet_loss_name(loss), 2 * n, [&](const Kernels<T>& kernel, T* out) {
          std::vector<T> y = pairs.a, weights(pairs.b.begin(), pairs.b.begin() + (std::ptrdiff_t)rows);
          std::vector<double> row_loss(rows);
          OutputRows<T> r = {};
          r.loss = loss;
          r.activation = activation;
          r.parameters = parameters;
          r.rows = rows;
          r.n = 2;
          r.each = kLosses[loss].outputs_per_target;
          r.z = pairs.a.data();
          r.y = y.data();
          r.t = pairs.b.data();
          r.missing = missing;
          r.weights = missing ? weights.data() : nullptr;
          r.delta = out;
          r.row_loss = row_loss.data();
          kernel.output_rows(r);
          for (std::size_t i = 0; i < rows; ++i) out[n + i] = (T)row_loss[i];
          for (std::size_t i = 0; i < n / 2; ++i) out[n + rows + i] = y[2 * i];
        });
}

template <class T> void updates() {
  const Pairs<T> pairs;
  const std::size_t n = pairs.size();
  for (const int kind : {NETLET_SGD, NETLET_ADAM, NETLET_RMSPROP, NETLET_RPROP})
    for (const double momentum : {0.0, 0.9})
      same_everywhere<T>(netlet_optimizer_name(kind), 3 * n, [&](const Kernels<T>& kernel, T* out) {
        netlet_optimizer_config config = netlet_optimizer_defaults(kind);
        config.momentum = momentum;
        const Step<T> step = {&config, false, T(0.1), T(3), T(1)};
        const bool has_first = kind != NETLET_SGD || momentum != 0;
        const bool has_second =
            kind == NETLET_ADAM || kind == NETLET_RPROP || (kind == NETLET_RMSPROP && momentum != 0);
        for (std::size_t i = 0; i < n; ++i) out[i] = out[n + i] = out[2 * n + i] = pairs.b[i];
        kernel.update(step, n, pairs.a.data(), out, has_first ? out + n : nullptr, has_second ? out + 2 * n : nullptr);
      });
  const std::vector<double> wide(pairs.b.begin(), pairs.b.end());
  same_everywhere<T>("arrays", 9 * n, [&](const Kernels<T>& kernel, T* out) {
    const T *const a = pairs.a.data(), *const b = pairs.b.data();
    const std::vector<double> wide_a(pairs.a.begin(), pairs.a.end());
    const std::vector<float> narrow(pairs.a.begin(), pairs.a.end());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t part = 0; part < 9; ++part) out[part * n + i] = a[i];
    kernel.penalize(n, out, out + n, T(0.5), T(0.25), T(0.75));
    kernel.clip(n, out + 2 * n, T(0.5));
    kernel.scale(n, out + 3 * n, T(0.3));
    kernel.add(n, out + 4 * n, b);
    kernel.divide(n, out + 5 * n, T(3));
    kernel.divide_by(n, out + 6 * n, wide.data());
    kernel.multiply_unless_zero(n, a, b, out + 7 * n);
    kernel.unstandardize(1, n, wide.data(), wide.data(), out + 8 * n);
    kernel.standardize(1, n, wide.data(), wide.data(), wide_a.data(), out);
    kernel.standardize_floats(1, n, wide.data(), wide.data(), narrow.data(), out + n);
    for (const T divisor : special<T>()) kernel.divide(16, out, divisor);
    out[0] = (T)kernel.squares(smaller(n, kNormBlock), a);
    out[1] = (T)kernel.first_not_finite(n, a);
  });
}

// Through the public functions: what is not finite in data, and in parameters.
template <class T> void networks() {
  const std::vector<T> x = special<T>();
  netlet::Network net({2, 3, 2}, {netlet::Activation::gelu, netlet::Activation::softmax}, netlet::Loss::cross_entropy,
                      netlet::Reduction::sum, sizeof(T) == 4 ? netlet::Dtype::float32 : netlet::Dtype::float64);
  net.initialize(netlet::Init::glorot_uniform, 0);
  const std::vector<T> shares(x.size(), T(0.5));
  const netlet::Array rows(x.data(), x.size() / 2, 2), y(shares.data(), x.size() / 2, 2);
  std::vector<T> out(x.size()), gradient(net.parameter_count());
  for (std::size_t isa = 0; netlet_available_isa(isa); ++isa) {
    netlet_set_isa(netlet_available_isa(isa), nullptr);
    net.forward(rows, out.data());
    net.backward(rows, y, gradient.data());
    CHECK(std::isnan(gradient[0]));
  }
}

template <class T> void test_type() {
  functions<T>();
  losses<T>();
  updates<T>();
  networks<T>();
}

int main() {
  test_type<float>();
  test_type<double>();
  return check::summary();
}
