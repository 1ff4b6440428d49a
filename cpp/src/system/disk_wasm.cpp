// SPDX-License-Identifier: BSD-3-Clause
// WebAssembly: no files. Networks come and go as bytes (netlet_from_bytes, netlet_to_bytes).
#include "system/disk.hpp"

namespace netlet::core::disk {

int open_to_read(const char*, int&, size_t&) { return kNoFiles; }
int replace(const char*, const void*, size_t, Left&) { return kNoFiles; }

// of files that were opened: there are none
ptrdiff_t read_some(int, void*, size_t) { __builtin_trap(); }
ptrdiff_t write_some(int, const void*, size_t) { __builtin_trap(); }
int set_size(int, size_t) { __builtin_trap(); }
int flush(int) { __builtin_trap(); }
int close(int) { __builtin_trap(); }
int reserve(int, size_t) { __builtin_trap(); }

}  // namespace netlet::core::disk
