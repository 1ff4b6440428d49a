// SPDX-License-Identifier: BSD-3-Clause
// WebAssembly's C++ library has no exceptions: a test that fails by one ends in a trap.
extern "C" {
void* __cxa_allocate_exception(unsigned long) { __builtin_trap(); }
void __cxa_throw(void*, void*, void (*)(void*)) { __builtin_trap(); }
}
