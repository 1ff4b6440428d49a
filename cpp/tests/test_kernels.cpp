// SPDX-License-Identifier: BSD-3-Clause
// Every kernel on every instruction set against plain loops or against the others, bit for bit, for all tail lengths.
#include <cmath>
#include <vector>

#include "check.hpp"
#include "kernels.hpp"
#include "random.hpp"

using namespace netlet::core;

template <class T> std::vector<T> numbers(size_t count, uint32_t stream) {
  Random random(42, kInitialValues, stream);
  std::vector<T> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = (T)(4 * unit_uniform(random(i)) - 2);
  return values;
}

template <class T> void matmul_is_chains_of_fma(const Kernels<T>& kernel) {
  const auto a = numbers<T>(40 * 40, 1), b = numbers<T>(40 * 80, 2), init = numbers<T>(80, 3);
  bool same = true, inside = true;
  for (const size_t m : {1, 2, 3, 4, 5, 7, 8, 9, 17})
    for (size_t n = 1; n <= 70; n += n < 20 ? 1 : 7)
      for (const size_t k : {0, 1, 2, 5, 19})
        for (const bool transposed : {false, true}) {
          const ptrdiff_t a_i = transposed ? 1 : 40, a_k = transposed ? 40 : 1;
          std::vector<T> c(m * 80 + 1, T(7));
          kernel.matmul(m, n, k, a.data(), a_i, a_k, b.data(), 80, transposed ? nullptr : init.data(), c.data(), 80);
          for (size_t i = 0; i < m; ++i)
            for (size_t j = 0; j < 80; ++j) {
              T z = transposed ? T(0) : init[j];
              for (size_t p = 0; p < k; ++p) z = std::fma(a[i * a_i + p * a_k], b[p * 80 + j], z);
              (j < n ? same : inside) &= c[i * 80 + j] == (j < n ? z : T(7));
            }
        }
  CHECK(same);
  CHECK(inside);  // nothing is written beyond column n
}

// f(kernels, length) -> values; the same for all instruction sets, nothing written beyond the length
template <class T, class F> void same_everywhere(F f) {
  std::vector<std::vector<T>> first;
  for (size_t isa = 0; netlet_available_isa(isa); ++isa) {
    netlet_set_isa(netlet_available_isa(isa), nullptr);
    for (size_t n = 0; n <= 67; ++n) {
      const std::vector<T> values = f(kernels<T>(), n);
      if (isa == 0) first.push_back(values);
      CHECK(check::same_bits(values.data(), first[n].data(), values.size()));
      CHECK(values[n] == T(7));
    }
  }
}

template <class T> void test_type() {
  for (size_t isa = 0; netlet_available_isa(isa); ++isa) {
    CHECK(netlet_set_isa(netlet_available_isa(isa), nullptr) == NETLET_OK);
    CHECK(std::string(netlet_isa()) == netlet_available_isa(isa));
    matmul_is_chains_of_fma(kernels<T>());
  }
  const auto x = numbers<T>(80, 5), y = numbers<T>(80, 6);
  for (const int function : {(int)NETLET_SIGMOID, (int)NETLET_TANH, (int)NETLET_RELU, (int)NETLET_IDENTITY, (int)kExp,
                             (int)kLog, (int)kSoftplus})
    same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
      std::vector<T> out(n + 1, T(7));
      std::vector<T> in(x.begin(), x.begin() + n);
      if (function == kLog)
        for (T& v : in) v = std::fabs(v);
      kernel.map(function, n, in.data(), out.data());
      return out;
    });
  for (const int activation : {NETLET_SIGMOID, NETLET_TANH, NETLET_RELU})
    same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
      std::vector<T> s(x.begin(), x.begin() + n + 1);
      s[n] = T(7);
      kernel.times_derivative(activation, n, y.data(), s.data());
      return s;
    });
  for (const bool adam : {false, true})
    same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
      Update<T> u = {};
      u.optimizer = adam ? NETLET_ADAM : NETLET_SGD;
      u.rate = T(0.1), u.momentum = T(0.9), u.beta_1 = T(0.9), u.beta_2 = T(0.99), u.rest_1 = T(0.1),
      u.rest_2 = T(0.01), u.root = T(3), u.epsilon = T(1e-6);
      std::vector<T> w(x.begin(), x.begin() + n + 1), s0(n + 1, T(0.5)), s1(n + 1, T(0.25));
      w[n] = T(7);
      kernel.update(u, n, y.data(), w.data(), s0.data(), s1.data());
      CHECK(s0[n] == T(0.5) && s1[n] == T(0.25));
      return w;
    });
  for (size_t isa = 0; netlet_available_isa(isa); ++isa) {
    netlet_set_isa(netlet_available_isa(isa), nullptr);
    bool found = true;
    for (const T bad : {T(INFINITY), T(-INFINITY), T(NAN)})
      for (size_t n = 1; n <= 300; n += 13)
        for (size_t at = 0; at < n; at += 7) {
          std::vector<T> values(n, T(1));
          found &= kernels<T>().first_not_finite(n, values.data()) == n;
          values[at] = bad;
          found &= kernels<T>().first_not_finite(n, values.data()) == at;
        }
    CHECK(found);
  }
}

int main() {
  test_type<float>();
  test_type<double>();
  return check::summary();
}
