// SPDX-License-Identifier: BSD-3-Clause
// Every kernel on every instruction set against plain loops or against the others, bit for bit, for all tail lengths.
#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "kernels/kernels.hpp"
#include "kernels/updates.hpp"
#include "network/random.hpp"

using namespace netlet::core;

template <class T> std::vector<T> numbers(size_t count, uint32_t stream) {
  Random random(42, kInitialValues, stream);
  std::vector<T> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = (T)(4 * unit_uniform(random(i)) - 2);
  return values;
}

// the three products of a layer against plain loops
template <class T> void products_are_chains_of_fma(const RowKernels<T>& kernel) {
  const auto x = numbers<T>(40 * 80, 1), w = numbers<T>(80 * 80, 2), b = numbers<T>(80, 3), d = numbers<T>(40 * 80, 4);
  bool forward = true, backward = true, gradient = true, inside = true;
  for (const size_t m : {1, 2, 3, 4, 5, 7, 8, 9, 17, 35})
    for (size_t n = 1; n <= 70; n += n < 20 ? 1 : 7)
      for (const size_t k : {1, 2, 5, 19, 33}) {
        std::vector<T> y(m * n + 1, T(7)), z(m * n + 1, T(7)), s(m * k + 1, T(7)), g(k * n + 1, T(7)),
            bias(n + 1, T(7));
        kernel.forward(m, n, k, x.data(), 80, nullptr, {w.data(), false}, b.data(), NETLET_RELU,
                       n % 2 ? z.data() : nullptr, y.data());
        kernel.backward(m, n, k, d.data(), {w.data(), false}, NETLET_TANH, x.data(), s.data());
        kernel.gradient(m, n, k, {x.data(), 80}, {d.data(), false}, 80, g.data(), bias.data());
        inside &= y[m * n] == 7 && z[m * n] == 7 && s[m * k] == 7 && g[k * n] == 7 && bias[n] == 7;
        for (size_t i = 0; i < m; ++i)
          for (size_t j = 0; j < n; ++j) {
            T sum = b[j];
            for (size_t p = 0; p < k; ++p) sum = std::fma(x[i * 80 + p], w[p * n + j], sum);
            forward &= y[i * n + j] == (sum < 0 ? T(0) : sum) && z[i * n + j] == (n % 2 ? sum : T(7));
          }
        for (size_t i = 0; i < m; ++i)
          for (size_t p = 0; p < k; ++p) {
            T sum = 0;
            for (size_t j = 0; j < n; ++j) sum = std::fma(d[i * n + j], w[j * k + p], sum);
            const T f = x[i * k + p];
            backward &= s[i * k + p] == sum * std::fma(-f, f, T(1));
          }
        for (size_t j = 0; j < n; ++j)
          for (size_t p = 0; p <= k; ++p) {
            T sum = 0;
            for (size_t i = 0; i < m; ++i) sum = std::fma(p < k ? x[i * 80 + p] : T(1), d[i * 80 + j], sum);
            gradient &= sum == (p < k ? g[p * n + j] : bias[j]);
          }
      }
  CHECK(forward);
  CHECK(backward);
  CHECK(gradient);
  CHECK(inside);  // nothing is written beyond the ends
}

// rows that are listed give what rows at equal distances give
template <class T> void listed_rows_make_no_difference(const RowKernels<T>& kernel) {
  const size_t stride = 40;
  const auto x = numbers<T>(20 * stride, 1), w = numbers<T>(40 * 80, 2), b = numbers<T>(80, 3),
             d = numbers<T>(20 * 80, 4);
  std::vector<const T*> listed, inside;
  for (size_t i = 0; i < 20; ++i) {
    listed.push_back(&x[i * stride]);
    inside.push_back(&x[i * stride + 3]);
  }
  for (const size_t m : {1, 2, 3, 9, 17})
    for (size_t n = 1; n <= 70; n += n < 20 ? 1 : 7)
      for (const size_t k : {0, 1, 5, 19, 33}) {
        std::vector<T> y(m * n), y_listed(m * n), g(k * n), g_listed(k * n), bias(n), bias_listed(n);
        kernel.forward(m, n, k, &x[2 * stride + 3], stride, nullptr, {w.data(), false}, b.data(), NETLET_TANH, nullptr,
                       y.data());
        kernel.gradient(m, n, k, {&x[2 * stride + 3], (ptrdiff_t)stride}, {d.data(), false}, 80, g.data(), bias.data());
        const Inputs<T> rows = Inputs<T>{nullptr, 0, listed.data(), 1}.part(2, 2);
        kernel.forward(m, n, k, nullptr, 0, &inside[2], {w.data(), false}, b.data(), NETLET_TANH, nullptr,
                       y_listed.data());
        kernel.gradient(m, n, k, rows, {d.data(), false}, 80, g_listed.data(), bias_listed.data());
        CHECK(y == y_listed);
        CHECK(g == g_listed);
        CHECK(bias == bias_listed);
      }
}

// a row through all layers gives what one layer after the other gives
template <class T> void all_layers_at_once_make_no_difference(const RowKernels<T>& kernel) {
  const auto x = numbers<T>(33, 1), parameters = numbers<T>(5000, 2);
  for (int activation = 0; netlet_activation_name(activation); ++activation)
    for (const size_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33})
      for (const size_t m : {1, 4, 16, 40}) {
        const int hidden = activation == NETLET_SOFTMAX ? (int)NETLET_RELU : activation;
        const Layer layers[] = {
            {33, n, hidden, 0, 1500, 0, 0}, {n, m, hidden, 1600, 3000, 0, n}, {m, n, activation, 3100, 4500, 0, 0}};
        std::vector<T> memory(n + m), y(n + 1, T(7)), a = x;
        kernel.forward_row(layers, 3, parameters.data(), x.data(), memory.data(), y.data());
        for (const Layer& layer : layers) {
          std::vector<T> next(layer.outputs);
          kernel.forward(1, layer.outputs, layer.inputs, a.data(), 0, nullptr, {&parameters[layer.weights], false},
                         &parameters[layer.biases], layer.activation, nullptr, next.data());
          a = next;
        }
        CHECK(check::same_bits(y.data(), a.data(), n) && y[n] == T(7));
      }
}

// matrices in panels give what row-major ones give
template <class T> void panels_make_no_difference(const RowKernels<T>& kernel) {
  const size_t k = 5;
  const auto x = numbers<T>(40 * k, 1), b = numbers<T>(200, 3);
  for (const size_t m : {1, 2, 3, 9, 17})
    for (size_t n = 1; n <= 200; n += 13) {
      const auto w = numbers<T>(k * n, 2), d = numbers<T>(m * k, 4), deltas = numbers<T>(m * n, 5);
      const auto in_panels = [&](const std::vector<T>& values, size_t rows) {
        std::vector<T> result;
        for (size_t j = 0; j < n; j += kernel.panel)
          for (size_t p = 0; p < rows; ++p)
            for (size_t c = j; c < n && c < j + kernel.panel; ++c) result.push_back(values[p * n + c]);
        return result;
      };
      const std::vector<T> panels = in_panels(w, k), delta_panels = in_panels(deltas, m);
      std::vector<T> y(m * n), y_panels(m * n), s(m * n), s_panels(m * n);
      kernel.forward(m, n, k, x.data(), k, nullptr, {w.data(), false}, b.data(), NETLET_TANH, nullptr, y.data());
      kernel.forward(m, n, k, x.data(), k, nullptr, {panels.data(), true}, b.data(), NETLET_TANH, nullptr,
                     y_panels.data());
      kernel.backward(m, k, n, d.data(), {w.data(), false}, NETLET_TANH, y.data(), s.data());
      kernel.backward(m, k, n, d.data(), {panels.data(), true}, NETLET_TANH, y.data(), s_panels.data());
      CHECK(y == y_panels);
      CHECK(s == s_panels);
      std::vector<T> g((k + 1) * n), g_panels((k + 1) * n);
      const Inputs<T> rows = {x.data(), (ptrdiff_t)k};
      kernel.gradient(m, n, k, rows, {deltas.data(), false}, (ptrdiff_t)n, g.data(), &g[k * n]);
      kernel.gradient(m, n, k, rows, {delta_panels.data(), true}, 0, g_panels.data(), &g_panels[k * n]);
      CHECK(g == g_panels);
    }
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

// one step without a gradient, from state that is just above the smallest normal number
template <class T> void state_is_never_subnormal() {
  const T smallest = std::numeric_limits<T>::min();
  for (const int optimizer : {NETLET_SGD, NETLET_ADAM, NETLET_RMSPROP})
    for (const bool nesterov : {false, true})
      same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
        netlet_optimizer_config config = netlet_optimizer_defaults(optimizer);
        config.momentum = config.beta_1 = config.beta_2 = config.rho = 0.5;
        config.nesterov = nesterov;
        const Step<T> step = {&config, false, T(0.1), T(3), T(1)};
        std::vector<T> w(n, T(1)), g(n + 1), s0(n + 1, T(1.5) * smallest);
        g[n] = s0[n] = T(7);
        std::vector<T> s1 = s0;
        kernel.update(step, n, g.data(), w.data(), s0.data(), s1.data());
        CHECK(s0 == g && (optimizer == NETLET_SGD || s1 == g));
        return s0;
      });
}

template <class T> void test_type() {
  for (size_t isa = 0; netlet_available_isa(isa); ++isa) {
    CHECK(netlet_set_isa(netlet_available_isa(isa), nullptr) == NETLET_OK);
    CHECK(std::string(netlet_isa()) == netlet_available_isa(isa));
    const RowKernels<T>*const wide = &kernels<T>(), *const narrow = &kernels<T>(1);
    for (const RowKernels<T>* kernel : {wide, narrow}) {
      products_are_chains_of_fma(*kernel);
      listed_rows_make_no_difference(*kernel);
      panels_make_no_difference(*kernel);
      all_layers_at_once_make_no_difference(*kernel);
    }
  }
  const auto x = numbers<T>(80, 5), y = numbers<T>(80, 6);
  std::vector<int> functions = {NETLET_EXP, NETLET_LOG};
  for (int activation = 0; netlet_activation_name(activation); ++activation)
    if (activation != NETLET_SOFTMAX) functions.push_back(activation);
  for (const int function : functions)
    same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
      std::vector<T> out(n + 1, T(7));
      std::vector<T> in(x.begin(), x.begin() + n);
      if (function == NETLET_LOG)
        for (T& v : in) v = std::fabs(v);
      kernel.map(function, n, in.data(), out.data());
      return out;
    });
  for (const int optimizer : {NETLET_SGD, NETLET_ADAM, NETLET_RMSPROP, NETLET_RPROP})
    same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
      netlet_optimizer_config config = netlet_optimizer_defaults(optimizer);
      config.momentum = 0.9;
      const Step<T> step = {&config, false, T(0.1), T(3), T(1)};
      std::vector<T> w(x.begin(), x.begin() + n + 1), s0(n + 1, T(0.5)), s1(n + 1, T(0.25));
      w[n] = T(7);
      kernel.update(step, n, y.data(), w.data(), s0.data(), s1.data());
      CHECK(s0[n] == T(0.5) && s1[n] == T(0.25));
      w.insert(w.end(), s0.begin(), s0.end());
      w.insert(w.end(), s1.begin(), s1.end());
      return w;
    });
  state_is_never_subnormal<T>();
  same_everywhere<T>([&](const Kernels<T>& kernel, size_t n) {
    std::vector<T> w(x.begin(), x.begin() + n), g(y.begin(), y.begin() + n + 1);
    g[n] = T(7);
    kernel.penalize(n, g.data(), w.data(), T(0.3), T(0.1), T(0.99));
    kernel.clip(n, g.data(), T(0.75));
    kernel.multiply_unless_zero(n, x.data(), g.data(), g.data());
    const std::vector<double> scale(y.begin(), y.begin() + n), shift(x.begin(), x.begin() + n);
    kernel.divide_by(n, g.data(), scale.data());
    kernel.standardize(1, n, shift.data(), scale.data(), std::vector<double>(g.begin(), g.end()).data(), g.data());
    kernel.unstandardize(1, n, shift.data(), scale.data(), g.data());
    kernel.standardize_floats(1, n, shift.data(), scale.data(), std::vector<float>(g.begin(), g.end()).data(),
                              g.data());
    kernel.scale(n, g.data(), T(0.9));
    g.insert(g.end(), w.begin(), w.end());
    g.push_back((T)kernel.squares(n, y.data()));
    return g;
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
