// SPDX-License-Identifier: BSD-3-Clause
// C[i, j] = init[j] + sum over k of A(i, k) * B[k, j], each element a chain of fmas in the order of k. More than
// kSumBlock terms are such chains, each but the first from 0, which are added in their order: only row_products takes so
// many.
//
// Lanes run over j, never across the sum, so neither their number nor the shape of a tile can change a bit.
// A is read one scalar at a time, by a reader; B and C are contiguous in j.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/vec.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

// rows x vectors of a tile, which is held in registers: enough independent chains to hide the latency of fma
#if NETLET_ISA_BASELINE  // an emulated fma keeps the processor busy by itself
constexpr int kTileRows = 2, kTileVectors = 1, kRowVectors = 1, kNarrowRows = 2;
#elif NETLET_ISA_WASM  // 16 registers
constexpr int kTileRows = 4, kTileVectors = 1, kRowVectors = 2, kNarrowRows = 2;
#else
#if NETLET_ISA_AVX2
constexpr int kTileRows = 4;
#else
constexpr int kTileRows = 8;
#endif
#if NETLET_ISA_AVX512VL  // for layers of one vector; wider ones are rare here
constexpr int kTileVectors = 1, kRowVectors = 2;
#else
constexpr int kTileVectors = 3;
constexpr int kRowVectors = 8;  // for a single row, more columns at once
#endif
constexpr int kNarrowRows = 8;  // for one vector of columns, more rows at once
#endif
#if NETLET_EMULATED_FMA
constexpr int kSquares = 0;  // more code than it is worth
#else
constexpr int kSquares = 2;  // for one column, vectors of rows at once
#endif

// How A is read: from(i) reads rows i, i + 1, ..., one column after the other.
template <class T> struct Strided {
  const T* a;
  ptrdiff_t a_i, a_k;
  template <int> struct Reader {
    const T* at;
    ptrdiff_t a_i, a_k;
    T operator()(int m) const { return at[m * a_i]; }
    void next() { at += a_k; }
  };
  template <int M> Reader<M> from(size_t i) const { return {a + (ptrdiff_t)i * a_i, a_i, a_k}; }
};
// A(i, k) is element k of row i, which is at list[i], or at first + i * stride without a list
template <class T> struct RowPointers {
  const T* first;
  ptrdiff_t stride;
  const T* const* list;
  template <int M> struct Reader {
    const T* row[M];
    size_t k;
    T operator()(int m) const { return row[m][k]; }
    void next() { ++k; }
  };
  template <int M> Reader<M> from(size_t i) const {
    Reader<M> reader;
    NETLET_UNROLLED for (int m = 0; m < M; ++m) reader.row[m] =
        list ? list[i + m] : first + (ptrdiff_t)(i + m) * stride;
    reader.k = 0;
    return reader;
  }
};
// A(i, k) is element column + i of row k, which is at list[k]
template <class T> struct Columns {
  const T* const* list;
  size_t column;
  template <int> struct Reader {
    const T* const* row;
    size_t i;
    T operator()(int m) const { return (*row)[i + m]; }
    void next() { ++row; }
  };
  template <int M> Reader<M> from(size_t i) const { return {list, column + i}; }
};

// The operands of a product.
template <class T, class A> struct Product {
  size_t k;
  A a;
  const T* b;  // its first column or, in panels, that of the current panel
  ptrdiff_t b_k;
  const T* init;  // n values, or null for 0
  T* c;
  ptrdiff_t c_i;
  bool in_panels;  // whether B is, see core::Factor
};

// sum[m][n] = fma(a(m), row[n], sum[m][n])
template <class T, int M, int N, class Reader>
NETLET_INLINE void multiply_add(const Reader& a, const V<T> (&row)[N], V<T> (&sum)[M][N]) {
#if NETLET_ISA_WASM
  V<T> factors[M];
  NETLET_UNROLLED for (int m = 0; m < M; ++m) factors[m] = splat(a(m));
  multiply_add(factors, row, sum);
#else
  NETLET_UNROLLED for (int m = 0; m < M; ++m) {
    const V<T> x = splat(a(m));
    NETLET_UNROLLED for (int n = 0; n < N; ++n) sum[m][n] = fma(x, row[n], sum[m][n]);
  }
#endif
}

struct AsItIs {
  template <class Vector> Vector operator()(Vector sum, size_t) const { return sum; }
};

// M rows from row i, N vectors from column j; if Partial, only part `last` of the last vector
template <class T, int M, int N, bool Partial, class A>
NETLET_INLINE void tile(const Product<T, A>& p, size_t i, size_t j, Part<T> last) {
  constexpr int lanes = Vec<T>::lanes;
  V<T> sum[M][N];
  NETLET_UNROLLED for (int n = 0; n < N; ++n) {
    V<T> start = splat(T(0));
    if (p.init)
      start = Partial && n == N - 1 ? load_part(p.init + j + n * lanes, last) : load<T>(p.init + j + n * lanes);
    NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m][n] = start;
  }
  auto a = p.a.template from<M>(i);
  const T* b = p.b;
  for (size_t k = p.k; k; --k, a.next(), b += p.b_k) {
    V<T> row[N];
    NETLET_UNROLLED for (int n = 0; n < N; ++n) row[n] =
        Partial && n == N - 1 ? load_part(b + n * lanes, last) : load<T>(b + n * lanes);
    multiply_add<T>(a, row, sum);
  }
  const ptrdiff_t c_i = p.c_i;
  T* c = p.c + (ptrdiff_t)i * c_i + j;
  NETLET_UNROLLED for (int m = 0; m < M; ++m, c += c_i) {
    NETLET_UNROLLED for (int n = 0; n < N; ++n) {
      if (Partial && n == N - 1)
        store_part(c + n * lanes, sum[m][n], last);
      else
        store<T>(c + n * lanes, sum[m][n]);
    }
  }
}

// M rows of at most one vector of columns; stores finish(sum, row)
template <class T, int M, class F>
NETLET_INLINE void narrow_tile(const Product<T, Strided<T>>& p, size_t i, Part<T> part, F finish) {
  V<T> sum[M][1], sums[M];
  const V<T> start = p.init ? load_part(p.init, part) : splat(T(0));
  NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m][0] = start;
  auto a = p.a.template from<M>(i);
  const T* b = p.b;
  for (size_t k = p.k; k; --k, a.next(), b += p.b_k) {
    const V<T> row[1] = {load_part(b, part)};
    multiply_add<T>(a, row, sum);
  }
  NETLET_UNROLLED for (int m = 0; m < M; ++m) sums[m] = sum[m][0];
  T* c = p.c + (ptrdiff_t)i * p.c_i;
  NETLET_ROLLED for (int m = 0; m < M; ++m, c += p.c_i) store_part(c, finish(sums[m], i + m), part);
}

// the rows from i, in tiles of at most M; each size is a copy of the code, so tiles of 8 rows are followed by pairs
template <class T, int M, int N, bool Partial, class A>
NETLET_INLINE void tiles(const Product<T, A>& p, size_t m, size_t i, size_t j, Part<T> last) {
  for (; i + M <= m; i += M) tile<T, M, N, Partial>(p, i, j, last);
  if constexpr (M > 1)
    if (i < m) tiles<T, (M > 4 ? 2 : M / 2), N, Partial>(p, m, i, j, last);
}
// whether a handful of rows is common
template <class A> constexpr bool kFewRows = false;
template <class T> constexpr bool kFewRows<RowPointers<T>> = true;

// all rows; Single: there is only one
template <class T, int N, bool Partial, bool Single, class A>
void column_panel(const Product<T, A>& p, size_t m, size_t j, Part<T> last) {
  if constexpr (Single) return tile<T, 1, N, Partial>(p, 0, j, last);
  size_t i = 0;
  for (; i + kTileRows <= m; i += kTileRows) tile<T, kTileRows, N, Partial>(p, i, j, last);
  tiles<T, (kFewRows<A> ? kTileRows / 2 : 2), N, Partial>(p, m, i, j, last);
}

// a panel from column j: the given number of vectors, at most N, the last one with `last` lanes
template <class T, int N, bool Single, class A>
NETLET_INLINE void any_panel(const Product<T, A>& p, size_t m, size_t j, int vectors, int last) {
  if constexpr (N > 0) {
    if (vectors < N) return any_panel<T, N - 1, Single>(p, m, j, vectors, last);
    const Part<T> part(last);
    last < Vec<T>::lanes ? column_panel<T, N, true, Single>(p, m, j, part)
                         : column_panel<T, N, false, Single>(p, m, j, part);
  }
}

template <class T, int Vectors, bool Single, class A>
NETLET_INLINE void panels(const Product<T, A>& p, size_t m, size_t n) {
  constexpr size_t lanes = Vec<T>::lanes, width = Vectors * lanes;
  Product<T, A> panel = p;
  for (size_t j = 0, columns; j < n; j += columns) {
    columns = n - j < width ? n - j : width;
    // 3 vectors and 1 take longer than 2 and 2
    if (Vectors > 2 && !Single && !p.in_panels && n - j > width && n - j <= width + lanes) columns = 2 * lanes;
    if (p.in_panels) {
      panel.b = p.b + j * p.k;
      panel.b_k = (ptrdiff_t)columns;
    } else {
      panel.b = p.b + j;
    }
    const int vectors = (int)((columns + lanes - 1) / lanes);
    any_panel<T, Vectors, Single>(panel, m, j, vectors, (int)(columns - (vectors - 1) * lanes));
  }
}

template <class T, class A> void matmul(const Product<T, A>& p, size_t m, size_t n) {
  if constexpr (kFewRows<A>)
    if (m == 1 && !p.in_panels) return panels<T, kRowVectors, true>(p, m, n);
  panels<T, kTileVectors, false>(p, m, n);
}

// A type of its own, so that the compiler does not change the code for sums of usual length.
template <class T> struct WideRows : RowPointers<T> {};

// More than kSumBlock terms: block after block for the rows and columns of a tile; Single: for one row, more columns.
template <class T, int Vectors, bool Single>
__attribute__((noinline)) void wide_products(const Product<T, RowPointers<T>>& p, size_t m, size_t n) {
  constexpr size_t height = Single ? 1 : kTileRows, width = Vectors * Vec<T>::lanes;
  const T* list[height];
  T later[height * width];
  for (size_t j = 0; j < n; j += width) {
    const size_t columns = n - j < width ? n - j : width;
    const T* const b = p.b + j * (p.in_panels ? p.k : 1);
    const ptrdiff_t b_k = p.in_panels ? (ptrdiff_t)columns : p.b_k;
    for (size_t i = 0; i < m; i += height) {
      const size_t rows = m - i < height ? m - i : height;
      T* const c = p.c + (ptrdiff_t)i * p.c_i + j;
      for (size_t k = 0; k < p.k; k += core::kSumBlock) {
        const size_t count = p.k - k < core::kSumBlock ? p.k - k : core::kSumBlock;
        for (size_t r = 0; r < rows; ++r)
          list[r] = k + (p.a.list ? p.a.list[i + r] : p.a.first + (ptrdiff_t)(i + r) * p.a.stride);
        panels<T, Vectors, Single>(Product<T, WideRows<T>>{count,
                                                           {{nullptr, 0, list}},
                                                           b + (ptrdiff_t)k * b_k,
                                                           b_k,
                                                           k || !p.init ? nullptr : p.init + j,
                                                           k ? later : c,
                                                           k ? (ptrdiff_t)columns : p.c_i,
                                                           false},
                                   rows, columns);
        for (size_t r = 0; k && r < rows; ++r)
          for (size_t v = 0; v < columns; ++v) c[(ptrdiff_t)r * p.c_i + v] += later[r * columns + v];
      }
    }
  }
}

template <class T> NETLET_INLINE void row_products(const Product<T, RowPointers<T>>& p, size_t m, size_t n) {
  if (p.k <= core::kSumBlock) return matmul(p, m, n);
  m == 1 && !p.in_panels ? wide_products<T, kRowVectors, true>(p, m, n)
                         : wide_products<T, kTileVectors, false>(p, m, n);
}

// matmul for n <= lanes columns, with finish(sum, row) applied in registers.
template <class T, class F>
void narrow_matmul(const Product<T, Strided<T>>& p, size_t m, size_t n, F finish, size_t i = 0) {
  const Part<T> part((int)n);
  for (; i + kNarrowRows <= m; i += kNarrowRows) narrow_tile<T, kNarrowRows>(p, i, part, finish);
  if (kNarrowRows > 2)
    for (; i + 2 <= m; i += 2) narrow_tile<T, 2>(p, i, part, finish);
  for (; i < m; ++i) narrow_tile<T, 1>(p, i, part, finish);
}

// For one column, the lanes run over the rows, transposed square by square; `columns` of each square are used.
template <class T, int Squares, bool Partial> NETLET_INLINE void add_squares(const Product<T, Strided<T>>& p, size_t i,
                                                                             size_t k, int columns,
                                                                             V<T> (&sum)[Squares][1][1]) {
  constexpr int lanes = Vec<T>::lanes;
  const Part<T> part(columns);
  const T* x = p.a.a + (ptrdiff_t)i * p.a.a_i + k;
  NETLET_UNROLLED for (int s = 0; s < Squares; ++s) {
    V<T> square[lanes];
    NETLET_UNROLLED for (int r = 0; r < lanes; ++r, x += p.a.a_i) square[r] = Partial ? load_part(x, part) : load<T>(x);
    transpose_square<T>(square);
    NETLET_UNROLLED for (int c = 0; c < lanes; ++c) {
      const V<T> row[1] = {square[c]};
      if (!Partial || c < columns) multiply_add<T>([&](int) { return p.b[k + c]; }, row, sum[s]);
    }
  }
}
// Returns how many rows it has done.
template <class T, int Squares> NETLET_INLINE size_t single_column(const Product<T, Strided<T>>& p, size_t m) {
  constexpr size_t lanes = Vec<T>::lanes;
  size_t i = 0;
  for (; i + Squares * lanes <= m; i += Squares * lanes) {
    V<T> sum[Squares][1][1];
    NETLET_UNROLLED for (int s = 0; s < Squares; ++s) sum[s][0][0] = splat(*p.init);
    size_t k = 0;
    for (; k + lanes <= p.k; k += lanes) add_squares<T, Squares, false>(p, i, k, lanes, sum);
    if (k < p.k) add_squares<T, Squares, true>(p, i, k, (int)(p.k - k), sum);
    NETLET_UNROLLED for (int s = 0; s < Squares; ++s) store<T>(p.c + i + s * lanes, sum[s][0][0]);
  }
  return i;
}

// M rows of the gradient A d, for n <= lanes columns; if Bias, bias is the sum of d's rows.
template <class T, int M, bool Bias = false>
NETLET_INLINE void narrow_gradient(size_t rows, const Strided<T>& transposed, size_t k, const T* d, ptrdiff_t d_i, T* g,
                                   size_t n, T* bias, Part<T> part) {
  V<T> sum[M > 0 ? M : 1][1], total = splat(T(0));
  NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m][0] = splat(T(0));
  auto x = transposed.template from<M>(k);
  for (; rows; --rows, x.next(), d += d_i) {
    const V<T> row[1] = {load_part(d, part)};
    if constexpr (M > 0) multiply_add<T>(x, row, sum);
    if (Bias) total = total + row[0];
  }
  NETLET_UNROLLED for (int m = 0; m < M; ++m) store_part(g + (k + m) * n, sum[m][0], part);
  if (Bias) store_part(bias, total, part);
}

// to[j] = the sum over i of a[i, j], in the order of i
template <class T> void sum_rows(size_t rows, size_t n, const T* a, ptrdiff_t a_i, T* to) {
  constexpr size_t lanes = Vec<T>::lanes, width = 4 * lanes;
  for (size_t j = 0; j < n; j += width) {
    const size_t columns = n - j < width ? n - j : width;
    const int vectors = (int)((columns + lanes - 1) / lanes);
    const Part<T> part((int)(columns - (vectors - 1) * lanes));
    V<T> sum[4] = {splat(T(0)), splat(T(0)), splat(T(0)), splat(T(0))};
    const T* row = a + j;
    for (size_t i = 0; i < rows; ++i, row += a_i) {
      if (columns == width) {
        NETLET_UNROLLED for (int v = 0; v < 4; ++v) sum[v] = sum[v] + load<T>(row + v * lanes);
        continue;
      }
      NETLET_UNROLLED for (int v = 0; v < 3; ++v) if (v + 1 < vectors) sum[v] = sum[v] + load<T>(row + v * lanes);
      sum[3] = sum[3] + load_part(row + (vectors - 1) * lanes, part);
    }
    NETLET_UNROLLED for (int v = 0; v < 3; ++v) if (v + 1 < vectors) store<T>(to + j + v * lanes, sum[v]);
    store_part(to + j + (vectors - 1) * lanes, sum[3], part);
  }
}

// b[j, i] = a[i, j], in rectangles small enough for the cache lines of both sides to stay in cache: rows that are a
// multiple of 4 KB apart compete for eight places in L1
template <class T> void transpose(size_t rows, size_t columns, const T* a, ptrdiff_t a_i, T* b, ptrdiff_t b_j) {
  constexpr size_t tall = 8, side = 16;
  for (size_t i0 = 0; i0 < rows; i0 += tall)
    for (size_t j0 = 0; j0 < columns; j0 += side) {
      const size_t i1 = rows - i0 < tall ? rows : i0 + tall, j1 = columns - j0 < side ? columns : j0 + side;
      for (size_t j = j0; j < j1; ++j)
        for (size_t i = i0; i < i1; ++i) b[(ptrdiff_t)j * b_j + (ptrdiff_t)i] = a[(ptrdiff_t)i * a_i + (ptrdiff_t)j];
    }
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
