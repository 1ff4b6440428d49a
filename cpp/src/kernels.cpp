// SPDX-License-Identifier: BSD-3-Clause
// Every hot loop, written once and compiled once for each instruction set (NETLET_ISA_NAME). Only `table` leaves this
// file: an inline function shared with the other sources could reach the linker compiled with instructions that the
// machine lacks, so nothing of the standard library is included here.
#include "kernels.hpp"

#include "elementary.hpp"
#include "matmul.hpp"
#include "vec.hpp"

#if defined(__FAST_MATH__)
#error "netlet promises the same bits everywhere: compile it without -ffast-math"
#endif

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::OutputRows;
using core::Update;

template <class T> NETLET_INLINE V<T> relu(V<T> v) { return v < splat(T(0)) ? splat(T(0)) : v; }

template <class T> void map_function(int function, size_t n, const T* x, T* y) {
  switch (function) {
    case NETLET_IDENTITY:
      if (x != y) map(n, x, y, [](V<T> v) { return v; });
      return;
    case NETLET_SIGMOID: return map(n, x, y, [](V<T> v) { return sigmoid<T>(v); });
    case NETLET_TANH: return map(n, x, y, [](V<T> v) { return tanh<T>(v); });
    case NETLET_RELU: return map(n, x, y, [](V<T> v) { return relu<T>(v); });
    case core::kExp: return map(n, x, y, [](V<T> v) { return exp<T>(v); });
    case core::kLog: return map(n, x, y, [](V<T> v) { return log<T>(v); });
    case core::kSoftplus: return map(n, x, y, [](V<T> v) { return softplus<T>(v); });
  }
}

// d times f', written in y = f(z)
template <class T> NETLET_INLINE V<T> times_sigmoid(V<T> d, V<T> y) { return d * (y * (splat(T(1)) - y)); }
template <class T> NETLET_INLINE V<T> times_tanh(V<T> d, V<T> y) { return d * fma(-y, y, splat(T(1))); }
template <class T> NETLET_INLINE V<T> times_relu(V<T> d, V<T> y) {
  return d * (y <= splat(T(0)) ? splat(T(0)) : splat(T(1)));
}

template <class T> void times_derivative(int activation, size_t n, const T* y, T* s) {
  switch (activation) {
    case NETLET_SIGMOID: return map(n, s, y, s, [](V<T> d, V<T> v) { return times_sigmoid<T>(d, v); });
    case NETLET_TANH: return map(n, s, y, s, [](V<T> d, V<T> v) { return times_tanh<T>(d, v); });
    case NETLET_RELU: return map(n, s, y, s, [](V<T> d, V<T> v) { return times_relu<T>(d, v); });
  }
}

// the largest of n values; NaN if the first is NaN, otherwise NaNs are passed over (the row then ends as NaN anyway)
template <class T> T largest(size_t n, const T* z) {
  T m = z[0];
  for (size_t j = 1; j < n; ++j) m = z[j] > m ? z[j] : m;
  return m;
}

// y = exp(z - max), their sum in the order of j; both for softmax and for its loss
template <class T> T exponentials(size_t n, const T* z, T m, T* y) {
  const V<T> shift = splat(m);
  map(n, z, y, [=](V<T> v) { return exp<T>(v - shift); });
  T sum = 0;
  for (size_t j = 0; j < n; ++j) sum = sum + y[j];
  return sum;
}

template <class T> void softmax(size_t rows, size_t n, const T* z, T* y) {
  for (size_t i = 0; i < rows; ++i, z += n, y += n) {
    const V<T> sum = splat(exponentials(n, z, largest(n, z), y));
    map(n, y, y, [=](V<T> v) { return v / sum; });
  }
}

template <class T>
void forward(size_t m, size_t n, size_t k, const T* x, ptrdiff_t x_i, const T* w, const T* b, int activation, T* z,
             T* y) {
  const Product<T> p{k, x, x_i, 1, w, (ptrdiff_t)n, b, z ? z : y, (ptrdiff_t)n};
  // activated in registers, unless that would waste more lanes than a second look at memory costs
  if (n <= Vec<T>::lanes && 2 * n > Vec<T>::lanes && !z) {
    switch (activation) {
      case NETLET_IDENTITY: return narrow_matmul(p, m, n, AsItIs());
      case NETLET_SIGMOID: return narrow_matmul(p, m, n, [](V<T> v, size_t) { return sigmoid<T>(v); });
      case NETLET_TANH: return narrow_matmul(p, m, n, [](V<T> v, size_t) { return tanh<T>(v); });
      case NETLET_RELU: return narrow_matmul(p, m, n, [](V<T> v, size_t) { return relu<T>(v); });
    }
  }
  n <= Vec<T>::lanes ? narrow_matmul(p, m, n, AsItIs()) : matmul(p, m, n);
  if (activation == NETLET_SOFTMAX) return softmax(m, n, p.c, y);
  map_function(activation, m * n, p.c, y);
}

template <class T>
void backward(size_t m, size_t n, size_t k, const T* d, const T* wt, int activation, const T* x, T* s) {
  const Product<T> p{n, d, (ptrdiff_t)n, 1, wt, (ptrdiff_t)k, nullptr, s, (ptrdiff_t)k};
  if (k <= Vec<T>::lanes) {
    const Part<T> part((int)k);
    const auto y = [=](size_t i) { return load_part(x + i * k, part); };
    switch (activation) {
      case NETLET_IDENTITY: return narrow_matmul(p, m, k, AsItIs());
      case NETLET_SIGMOID: return narrow_matmul(p, m, k, [=](V<T> v, size_t i) { return times_sigmoid<T>(v, y(i)); });
      case NETLET_TANH: return narrow_matmul(p, m, k, [=](V<T> v, size_t i) { return times_tanh<T>(v, y(i)); });
      case NETLET_RELU: return narrow_matmul(p, m, k, [=](V<T> v, size_t i) { return times_relu<T>(v, y(i)); });
    }
  }
  matmul(p, m, k);
  times_derivative(activation, m * k, x, s);
}

template <class T>
void gradient(size_t m, size_t n, size_t k, const T* x, ptrdiff_t x_i, const T* d, ptrdiff_t d_i, T* g, T* bias) {
  if (n <= Vec<T>::lanes) {
    const Part<T> part((int)n);
    T* const none = nullptr;
    for (; k > 3; k -= 4, x += 4, g += 4 * n) narrow_gradient<T, 4>(m, x, x_i, d, d_i, g, n, none, part);
    switch (k) {
      case 3: return narrow_gradient<T, 3>(m, x, x_i, d, d_i, g, n, bias, part);
      case 2: return narrow_gradient<T, 2>(m, x, x_i, d, d_i, g, n, bias, part);
      case 1: return narrow_gradient<T, 1>(m, x, x_i, d, d_i, g, n, bias, part);
    }
    if (bias) narrow_gradient<T, 0>(m, x, x_i, d, d_i, g, n, bias, part);
    return;
  }
  const T one = 1;  // fma(1, d, g) is d + g
  if (k) matmul<T>({m, x, 1, x_i, d, d_i, nullptr, g, (ptrdiff_t)n}, k, n);
  if (bias) matmul<T>({m, &one, 0, 0, d, d_i, nullptr, bias, 0}, 1, n);
}

template <class T, class F> T scalar(T x, F f) { return f(splat(x))[0]; }

// 1/2 sum_j (y_j - t_j)^2
template <class T> double squared_error(size_t n, const T* y, const T* t) {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) {
    const double e = (double)y[j] - (double)t[j];
    sum = fma1(e, e, sum);
  }
  return 0.5 * sum;
}

// sum_j t_j (log sum exp(z - m) - (z_j - m)); targets of 0 add nothing, however small their output
template <class T> double cross_entropy(size_t n, const T* z, T m, T log_sum, const T* t) {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) {
    const double nats = (double)log_sum - ((double)z[j] - (double)m);
    sum = t[j] == 0 ? sum : fma1((double)t[j], nats, sum);
  }
  return sum;
}

template <class T> size_t index_of_largest(size_t n, const T* y) {
  size_t best = 0;
  for (size_t j = 1; j < n; ++j) best = y[j] > y[best] ? j : best;
  return best;
}

// delta = y - t, t given as values or as a class
template <class T> void difference(size_t n, const T* y, const T* t, const int64_t* cls, T* delta) {
  if (t) {
    map(n, y, t, delta, [](V<T> a, V<T> b) { return a - b; });
  } else {
    if (delta != y) map(n, y, delta, [](V<T> a) { return a; });
    delta[*cls] = y[*cls] - T(1);
  }
}

template <class T> void squared_error_rows(OutputRows<T>& r) {
  const size_t n = r.n;
  for (size_t i = 0; i < r.rows; ++i) r.row_loss[i] = squared_error(n, r.y + i * n, r.t + i * n);
  if (!r.delta) return;
  difference<T>(r.rows * n, r.y, r.t, nullptr, r.delta);
  if (r.activation != NETLET_SOFTMAX) return times_derivative(r.activation, r.rows * n, r.y, r.delta);
  for (size_t i = 0; i < r.rows; ++i) {
    T* g = r.delta + i * n;
    const T* y = r.y + i * n;
    T dot = 0;
    for (size_t j = 0; j < n; ++j) dot = fma1(g[j], y[j], dot);
    const V<T> s = splat(dot);
    map(n, g, y, g, [=](V<T> gj, V<T> yj) { return yj * (gj - s); });
  }
}

constexpr size_t kChunk = 64;  // a row's losses go through a buffer on the stack in chunks of this

// a row's loss: sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-|z_j|))
template <class T> void binary_cross_entropy_rows(OutputRows<T>& r) {
  const size_t n = r.n;
  for (size_t i = 0; i < r.rows; ++i) {
    const T *z = r.z + i * n, *y = r.y + i * n, *t = r.t + i * n;
    T tails[kChunk];
    double sum = 0;
    bool right = true;
    for (size_t j = 0; j < n; j += kChunk) {
      const size_t count = n - j < kChunk ? n - j : kChunk;
      map(count, z + j, tails, [](V<T> v) { return softplus_tail<T>(v); });
      for (size_t c = 0; c < count; ++c) {
        const double target = t[j + c], value = z[j + c];
        const double factor = value > 0 ? 1 - target : -target;
        sum = sum + (factor * value + (double)tails[c]);
        right = right && (y[j + c] >= T(0.5)) == (t[j + c] >= T(0.5));
      }
    }
    r.row_loss[i] = sum;
    r.correct += right;
  }
  if (r.delta) difference<T>(r.rows * n, r.y, r.t, nullptr, r.delta);
}

template <class T> void cross_entropy_rows(OutputRows<T>& r) {
  const size_t n = r.n;
  for (size_t i = 0; i < r.rows; ++i) {
    const T *z = r.z + i * n, *y = r.y + i * n;
    const T m = largest(n, z);
    // the same exponentials and the same chain as in softmax, so the same sum
    T chunk[kChunk];
    T sum = 0;
    const V<T> shift = splat(m);
    for (size_t j = 0; j < n; j += kChunk) {
      const size_t count = n - j < kChunk ? n - j : kChunk;
      map(count, z + j, chunk, [=](V<T> v) { return exp<T>(v - shift); });
      for (size_t c = 0; c < count; ++c) sum = sum + chunk[c];
    }
    const T log_sum = scalar(sum, [](V<T> v) { return log<T>(v); });
    const T* t = r.t ? r.t + i * n : nullptr;
    const int64_t* cls = r.classes ? r.classes + i : nullptr;
    r.row_loss[i] = t ? cross_entropy(n, z, m, log_sum, t) : (double)log_sum - ((double)z[*cls] - (double)m);
    r.correct += index_of_largest(n, y) == (t ? index_of_largest(n, t) : (size_t)*cls);
    if (r.delta) difference(n, y, t, cls, r.delta + i * n);
  }
}

template <class T> void output_rows(OutputRows<T>& r) {
  r.correct = 0;
  switch (r.loss) {
    case NETLET_SQUARED_ERROR: return squared_error_rows(r);
    case NETLET_BINARY_CROSS_ENTROPY: return binary_cross_entropy_rows(r);
    case NETLET_CROSS_ENTROPY: return cross_entropy_rows(r);
  }
}

// f(g, w) -> w, or f(g, w, s0) or f(g, w, s0, s1) with state by reference, over all elements
template <class T, int States, class F> NETLET_INLINE void update_each(size_t n, const T* g, T* w, T* s0, T* s1, F f) {
  constexpr size_t lanes = Vec<T>::lanes;
  for (size_t i = 0; i < n; i += lanes) {
    V<T> a = {}, b = {};
    if (i + lanes <= n) {
      if (States > 0) a = load<T>(s0 + i);
      if (States > 1) b = load<T>(s1 + i);
      store<T>(w + i, f(load<T>(g + i), load<T>(w + i), a, b));
      if (States > 0) store<T>(s0 + i, a);
      if (States > 1) store<T>(s1 + i, b);
    } else {
      const Part<T> rest((int)(n - i));
      if (States > 0) a = load_part(s0 + i, rest);
      if (States > 1) b = load_part(s1 + i, rest);
      store_part(w + i, f(load_part(g + i, rest), load_part(w + i, rest), a, b), rest);
      if (States > 0) store_part(s0 + i, a, rest);
      if (States > 1) store_part(s1 + i, b, rest);
    }
  }
}

template <class T> void update(const Update<T>& u, size_t n, const T* g, T* w, T* s0, T* s1) {
  const V<T> rate = splat(u.rate), momentum = splat(u.momentum);
  if (u.optimizer == NETLET_ADAM) {
    const V<T> beta_1 = splat(u.beta_1), beta_2 = splat(u.beta_2), rest_1 = splat(u.rest_1), rest_2 = splat(u.rest_2);
    const V<T> root = splat(u.root), epsilon = splat(u.epsilon);
    update_each<T, 2>(n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& m, V<T>& v) {
      m = fma(beta_1, m, rest_1 * d);
      v = fma(beta_2, v, (rest_2 * d) * d);
      return p - (rate * m) / fma(sqrt(v), root, epsilon);
    });
  } else if (!s0) {
    update_each<T, 0>(n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>&, V<T>&) { return fma(-rate, d, p); });
  } else if (u.nesterov) {
    update_each<T, 1>(n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& v, V<T>&) {
      v = fma(momentum, v, d);
      return fma(-rate, fma(momentum, v, d), p);
    });
  } else {
    update_each<T, 1>(n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& v, V<T>&) {
      v = fma(momentum, v, d);
      return fma(-rate, v, p);
    });
  }
}

template <class T> void add(size_t n, T* a, const T* b) {
  map(n, a, b, a, [](V<T> x, V<T> y) { return x + y; });
}

template <class T> void divide(size_t n, T* a, T divisor) {
  const V<T> d = splat(divisor);
  map(n, a, a, [=](V<T> x) { return x / d; });
}

template <class T> bool all_zero(V<T> v) {
  T sum = 0;
  for (int lane = 0; lane < Vec<T>::lanes; ++lane) sum = sum + v[lane];
  return sum == 0;
}

template <class T> size_t first_not_finite(size_t n, const T* x) {
  constexpr size_t lanes = Vec<T>::lanes, step = 16 * lanes;
  for (size_t i = 0; i < n; i += step) {
    const size_t end = n - i < step ? n : i + step;
    V<T> bad = splat(T(0));  // x - x is 0 for finite x and NaN otherwise
    size_t v = i;
    for (; v + lanes <= end; v += lanes) bad = bad + (load<T>(x + v) - load<T>(x + v));
    if (v < end) {
      const V<T> last = load_part(x + v, Part<T>((int)(end - v)));
      bad = bad + (last - last);
    }
    if (all_zero<T>(bad)) continue;
    for (v = i; v < end; ++v)
      if (!(x[v] - x[v] == 0)) return v;
  }
  return n;
}

template <class T> constexpr core::Kernels<T> make() {
  return {forward<T>,     backward<T>, gradient<T>, transpose<T>, map_function<T>,
          output_rows<T>, update<T>,   add<T>,      divide<T>,    first_not_finite<T>};
}

#define NETLET_STRING(x) NETLET_STRING_(x)
#define NETLET_STRING_(x) #x

}  // namespace

extern const core::KernelTable table;
const core::KernelTable table = {NETLET_STRING(NETLET_ISA_NAME), make<float>(), make<double>()};

}  // namespace netlet::NETLET_ISA_NAME
