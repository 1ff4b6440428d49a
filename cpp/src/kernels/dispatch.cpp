// SPDX-License-Identifier: BSD-3-Clause
// Selects the kernel table: the best that the CPU and the operating system support, or the one that NETLET_ISA names.
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.hpp"
#include "system/error.hpp"

#if defined(NETLET_X86)
#include <cpuid.h>
#endif

namespace netlet {  // some are not in this build
#define NETLET_TABLE(isa)               \
  namespace isa {                       \
  extern const core::KernelTable table; \
  }
NETLET_TABLE(avx512)
NETLET_TABLE(avx2)
NETLET_TABLE(neon)
NETLET_TABLE(wasm)
NETLET_TABLE(baseline)
#undef NETLET_TABLE
}  // namespace netlet

namespace netlet::core {
namespace {

#if defined(NETLET_X86)
// 1: AVX2 and FMA; 2: also the parts of AVX-512 that the kernels use; 0: neither.
int features() {
  unsigned a, b, c, d, low, high;
  const unsigned state = (1u << 12) | (1u << 27) | (1u << 28);  // FMA, OSXSAVE, AVX
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & state) != state) return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));  // the registers that the operating system saves
  if ((low & 0x6) != 0x6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & (1u << 5))) return 0;
  const unsigned levels = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);  // F, DQ, BW, VL
  return (low & 0xe6) == 0xe6 && (b & levels) == levels ? 2 : 1;
}
#endif

struct Available {
  const KernelTable* table[4];
  size_t count = 0;
  Available() {
#if defined(NETLET_X86)
    const int found = features();
    if (found == 2) table[count++] = &avx512::table;
    if (found >= 1) table[count++] = &avx2::table;
#endif
#if defined(NETLET_ARM)
    table[count++] = &neon::table;
#elif defined(NETLET_WASM)
    table[count++] = &wasm::table;
#else
    table[count++] = &baseline::table;
#endif
  }
};

const KernelTable* find(const char* name) {
  const Available available;
  for (size_t i = 0; i < available.count; ++i)
    if (strcmp(available.table[i]->isa, name) == 0) return available.table[i];
  return nullptr;
}

const char* requested() {
  const char* name = getenv("NETLET_ISA");
  return name && *name ? name : nullptr;
}

netlet_status unsupported(const char* where, const char* name, netlet_error* error) {
  char list[64] = "";
  const Available available;
  for (size_t i = 0; i < available.count; ++i) {
    if (i) strcat(list, ", ");
    strcat(list, available.table[i]->isa);
  }
  return fail(error, NETLET_ERROR_UNSUPPORTED, "%s: instruction set '%.40s' is not available here; this machine has %s",
              where, name, list);
}

}  // namespace

const KernelTable* g_kernel_table;

const KernelTable* select_kernel_table() {
  const KernelTable* const table = requested() ? find(requested()) : Available().table[0];
  if (table) __atomic_store_n(&g_kernel_table, table, __ATOMIC_RELEASE);
  return table;
}

netlet_status require_kernels(netlet_error* error) {
  if (kernel_table()) return NETLET_OK;
  return unsupported("NETLET_ISA", requested(), error);
}

}  // namespace netlet::core

using namespace netlet::core;

const char* netlet_isa() { return kernel_table() ? kernel_table()->isa : nullptr; }

const char* netlet_available_isa(size_t i) {
  const Available available;
  return i < available.count ? available.table[i]->isa : nullptr;
}

netlet_status netlet_set_isa(const char* name, netlet_error* error) {
  if (!name) return invalid(error, "name: expected the name of an instruction set, got NULL");
  const KernelTable* table = find(name);
  if (!table) return unsupported("name", name, error);
  __atomic_store_n(&g_kernel_table, table, __ATOMIC_RELEASE);
  return NETLET_OK;
}
