// SPDX-License-Identifier: BSD-3-Clause
// The public names of what the interface numbers.
#include "kernels/activations.hpp"
#include "kernels/losses.hpp"
#include "netlet/netlet.h"

#define NETLET_STRING(x) NETLET_STRING_(x)
#define NETLET_STRING_(x) #x

namespace {
template <size_t N> const char* name_of(const char* const (&names)[N], int number) {
  return number >= 0 && (size_t)number < N ? names[number] : nullptr;
}
const char* const kReductions[] = {"sum", "mean"};
const char* const kInits[] = {"glorot_uniform", "he_uniform"};
const char* const kDtypes[] = {"float32", "float64", "int8",   "int16",  "int32",
                               "int64",   "uint8",   "uint16", "uint32", "uint64"};
bool is_loss(int number) {
  return number >= 0 && (size_t)number < sizeof netlet::core::kLosses / sizeof *netlet::core::kLosses;
}
}  // namespace

const char* netlet_activation_name(int activation) {
  switch (activation) {
#define NETLET_CASE(Struct, name, NUMBER, ...) \
  case NETLET_##NUMBER: return #name;
    NETLET_ACTIVATIONS(NETLET_CASE)
#undef NETLET_CASE
    case NETLET_SOFTMAX: return "softmax";
  }
  return nullptr;
}
const char* netlet_loss_name(int loss) { return is_loss(loss) ? netlet::core::kLosses[loss].name : nullptr; }
const char* netlet_loss_parameter_name(int loss) {
  return is_loss(loss) ? netlet::core::kLosses[loss].parameter.name : nullptr;
}
const char* netlet_reduction_name(int reduction) { return name_of(kReductions, reduction); }
const char* netlet_init_name(int init) { return name_of(kInits, init); }
const char* netlet_dtype_name(int dtype) { return name_of(kDtypes, dtype); }

const char* netlet_version() {
  return NETLET_STRING(NETLET_VERSION_MAJOR) "." NETLET_STRING(NETLET_VERSION_MINOR) "." NETLET_STRING(
      NETLET_VERSION_PATCH);
}
int netlet_numerics_version() { return NETLET_NUMERICS_VERSION; }

const char* netlet_build() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}
