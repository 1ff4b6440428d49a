// SPDX-License-Identifier: BSD-3-Clause
// Files of the operating system: read from the beginning to the end, or replaced as a whole.
#pragma once

#include <stddef.h>

#include "netlet/netlet.h"

namespace netlet::core {

// The bytes of a regular file, or of memory, from the first to the last.
class Input {
 public:
  Input() = default;
  Input(const void* memory, size_t size) : memory_(static_cast<const char*>(memory)), size_(size) {}
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  netlet_status open(const char* path, netlet_error* error);
  size_t size() const { return size_; }  // of a file when it was opened
  // The next `size` bytes; that a file has fewer is an error.
  netlet_status read(void* out, size_t size, netlet_error* error);

 private:
  int descriptor_ = -1;
  const char* memory_ = nullptr;  // what is left of it
  size_t size_ = 0;
};

// Writes the file, or leaves the old one as it was: the bytes go to a new file beside it, reach the disk, and only then
// take its name. What a symbolic link points to is replaced, and keeps its permissions.
netlet_status replace_file(const char* path, const void* data, size_t size, netlet_error* error);

// What is different from system to system. Where a code is returned: 0, errno's number, or one of these.
namespace disk {

enum { kNotRegular = -1, kDanglingLink = -2, kEnd = -3 };

constexpr size_t kMostAtOnce = (size_t)1 << 30;  // some systems take no more in one call

int open_to_read(const char* path, int& descriptor, size_t& size);
// As read and write of POSIX, of at most kMostAtOnce bytes.
ptrdiff_t read_some(int descriptor, void* out, size_t size);
ptrdiff_t write_some(int descriptor, const void* data, size_t size);
void close(int descriptor);
int replace(const char* path, const void* data, size_t size);

int write_all(int descriptor, const void* data, size_t size);  // the same on each system

}  // namespace disk
}  // namespace netlet::core
