// SPDX-License-Identifier: BSD-3-Clause
// The emulated fma against the C library's, bit for bit: over all exponents, near cancellation, half way between two
// numbers, subnormal, and beyond the ends. One argument: how many cases of each kind.
#include <cmath>
#include <cstdlib>

#include "check.hpp"

#if defined(NETLET_X86) || defined(NETLET_WASM)
#include "kernels/vec.hpp"
#include "network/random.hpp"

using namespace netlet::NETLET_ISA_NAME;

static netlet::core::Random g_random(1, netlet::core::kInitialValues, 0);
static uint64_t g_drawn;
static uint64_t bits() { return g_random(g_drawn++); }
static int between(int low, int high) { return low + (int)(bits() % (uint64_t)(high - low + 1)); }

template <class T> struct Case {
  T a, b, c;
};

template <class T> T any() {
  const uint64_t drawn = bits();
  T value;
  std::memcpy(&value, &drawn, sizeof value);
  return value;
}
template <class T> T with_exponent(int low, int high) {
  return (T)std::ldexp(1 + (double)(bits() >> 11) * 0x1p-53, between(low, high)) * (bits() & 1 ? 1 : -1);
}
template <class T> T neighbour(T x, int steps) {
  for (; steps > 0; --steps) x = std::nextafter(x, T(INFINITY));
  for (; steps < 0; ++steps) x = std::nextafter(x, T(-INFINITY));
  return x;
}

template <class T> constexpr int kDigits = sizeof(T) == 4 ? 24 : 53;
template <class T> constexpr int kLowest = sizeof(T) == 4 ? -149 : -1074;

template <class T> Case<T> everything() { return {any<T>(), any<T>(), any<T>()}; }
template <class T> Case<T> ordinary() {
  return {with_exponent<T>(-20, 20), with_exponent<T>(-20, 20), with_exponent<T>(-40, 40)};
}
template <class T> Case<T> cancelling() {
  const T a = with_exponent<T>(kLowest<T> / 2, -kLowest<T> / 2 - 30), b = with_exponent<T>(kLowest<T> / 2, 20);
  const int shifts[] = {0, 0, 0, 1, -1, kDigits<T>, -kDigits<T>, kDigits<T> + 1, -kDigits<T> - 1, 2 * kDigits<T>};
  return {a, b, (T)std::ldexp(neighbour<T>(-(a * b), between(-2, 2)), shifts[bits() % 10])};
}
template <class T> Case<T> halfway() {
  const T c = neighbour<T>((T)std::ldexp(1 + (double)between(0, 7) / 8, between(-60, 60)), between(-1, 1));
  const T a = (T)std::ldexp(1 + (double)between(0, 3) / 4, between(-20, 20));
  const T b = (T)std::ldexp(bits() & 1 ? 1 : -1, std::ilogb(c) - std::ilogb(a) - kDigits<T> + between(-1, 0));
  return {a, neighbour<T>(b, between(-1, 1)), c};
}
// c, and a product next to half of its last place: (1 + 2^-i) (1 - 2^-i) 2^e
template <class T> Case<T> next_to_tie() {
  const int edge = kLowest<T> + kDigits<T> - 1,
            exponent = between(0, 1) ? between(-60, 60) : between(edge - 4, edge + 4);
  const T c = with_exponent<T>(exponent, exponent), rest = std::ldexp(T(1), -between(1, kDigits<T> - 1));
  const int e = exponent - kDigits<T> + between(-1, 1), first = e / 2 + between(-9, 9);
  const T a = std::ldexp(1 + rest, first), b = std::ldexp(1 - rest, e - first);
  return {bits() & 1 ? a : -a, b, c};
}
// a product of one digit more than fit, and c far below
template <class T> Case<T> product_is_tie() {
  const int more = between(2, kDigits<T> - 2), e = between(-50, 50);
  const T a = (T)((uint64_t)1 << more | (bits() & (((uint64_t)1 << more) - 1)) | 1);
  const int rest = kDigits<T> - more;
  const T b = (T)((uint64_t)1 << rest | (bits() & (((uint64_t)1 << rest) - 1)) | 1);
  return {std::ldexp(a, e), bits() & 1 ? b : -b, with_exponent<T>(e - 2 * kDigits<T>, e + 2)};
}
template <class T> Case<T> subnormal() {
  const int middle = between(kLowest<T> / 2 - 60, kLowest<T> / 2 + 60);
  const T a = with_exponent<T>(middle, middle), b = with_exponent<T>(kLowest<T> - middle - 4, kLowest<T> - middle + 60);
  return {a, b, bits() % 4 ? with_exponent<T>(kLowest<T>, kLowest<T> + 60) : T(bits() & 1 ? 0.0 : -0.0)};
}
template <class T> Case<T> special() {
  static const T values[] = {T(0),
                             T(-0.0),
                             T(1),
                             T(-1),
                             T(INFINITY),
                             T(-INFINITY),
                             T(NAN),
                             std::ldexp(T(1), kLowest<T>),
                             -std::ldexp(T(1), kLowest<T>),
                             std::ldexp(T(2) - std::ldexp(T(1), 1 - kDigits<T>), sizeof(T) == 4 ? 127 : 1023),
                             std::ldexp(T(1), kLowest<T> + kDigits<T> - 1),
                             T(0.5),
                             with_exponent<T>(-9, 9)};
  return {values[bits() % 13], values[bits() % 13], values[bits() % 13]};
}

template <class T> void compare(const char* name, Case<T> (*draw)(), long count) {
  constexpr int lanes = Vec<T>::lanes;
  long wrong = 0;
  for (long i = 0; i < count; i += lanes) {
    V<T> a, b, c;
    T expected[lanes];
    for (int lane = 0; lane < lanes; ++lane) {
      const Case<T> one =
          lane == i / lanes % lanes ? draw() : Case<T>{1, 1, 1};  // alone: one in doubt covers for the others
      a[lane] = one.a, b[lane] = one.b, c[lane] = one.c;
      // (musl's fma forgets the sign of a product that underflows)
      const bool alone = one.c == 0 && one.a != 0 && one.b != 0;
      expected[lane] = alone ? one.a * one.b : std::fma(one.a, one.b, one.c);
    }
    const V<T> got = fma(a, b, c);
#if NETLET_ISA_WASM
    if constexpr (sizeof(T) == 4) {  // musl's fmaf is wrong; any_fma is compared with glibc's on x86
      const V<T> right = any_fma(a, b, c);
      for (int lane = 0; lane < lanes; ++lane) expected[lane] = right[lane];
    }
    const V<T> factor[1] = {a}, row[1] = {b};
    V<T> sum[1][1] = {{c}};
    multiply_add(factor, row, sum);
    for (int lane = 0; lane < lanes; ++lane) {
      const T s = sum[0][0][lane], g = got[lane];
      wrong += !(check::same_bits(&s, &g, 1) || (s != s && g != g));
    }
#endif
    for (int lane = 0; lane < lanes; ++lane) {
      const T g = got[lane], e = expected[lane];
      const bool same = check::same_bits(&g, &e, 1) || (g != g && e != e);
      if (!same && wrong++ == 0)
        std::fprintf(stderr, "%s: fma(%a, %a, %a) = %a, got %a\n", name, (double)a[lane], (double)b[lane],
                     (double)c[lane], (double)e, (double)g);
    }
  }
  CHECK(wrong == 0);
}

template <class T> void compare_all(long count) {
  compare<T>("everything", everything<T>, count);
  compare<T>("ordinary", ordinary<T>, count);
  compare<T>("cancelling", cancelling<T>, count);
  compare<T>("halfway", halfway<T>, count);
  compare<T>("next to tie", next_to_tie<T>, count);
  compare<T>("product is tie", product_is_tie<T>, count);
  compare<T>("subnormal", subnormal<T>, count);
  compare<T>("special", special<T>, count);
}

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::atol(argv[1]) : 200000;
  compare_all<float>(count);
  compare_all<double>(count);
  return check::summary();
}
#else
int main() {
  CHECK(true);  // other processors have an fma of their own
  return check::summary();
}
#endif
