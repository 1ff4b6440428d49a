// SPDX-License-Identifier: BSD-3-Clause
// Files: read from beginning to end, or replaced as a whole.
#pragma once

#include <stddef.h>

#include "netlet/netlet.h"

namespace netlet::core {

// The bytes of a regular file or of memory, read from beginning to end.
class Input {
 public:
  Input() = default;
  Input(const void* memory, size_t size) : memory_(static_cast<const char*>(memory)), size_(size) {}
  ~Input();
  Input& operator=(Input&&) = delete;

  netlet_status open(const char* path, netlet_error* error);
  size_t size() const { return size_; }  // of a file: when it was opened
  // Reads the next `size` bytes; fails if the file has fewer.
  netlet_status read(void* out, size_t size, netlet_error* error);

 private:
  int descriptor_ = -1;
  const char* memory_ = nullptr;  // the rest of it
  size_t size_ = 0;
};

// Writes the file or leaves the old one untouched: the bytes go to a new file beside it, which takes its name once they
// have reached the disk. Where there can be no file beside it, or none can take its name (it is itself a mount), the
// bytes go into the old file, in place. Messages say what a failure left of an old file. Symbolic links are followed;
// the file keeps its access, as far as the user may set it. The caller's poll may end it before anything is replaced.
netlet_status replace_file(const char* path, const void* data, size_t size, netlet_error* error);

// What depends on the system. Codes are 0, errno, or one of these; kStopped: the caller's poll said so; kNoFiles: the
// system has none.
namespace disk {

enum { kNotRegular = -1, kDanglingLink = -2, kEnd = -3, kStopped = -4, kNoFiles = -5 };

constexpr size_t kMostAtOnce = (size_t)1 << 22;  // the poll is asked in between

int open_to_read(const char* path, int& descriptor, size_t& size);
// Like POSIX's read and write, for at most kMostAtOnce bytes.
ptrdiff_t read_some(int descriptor, void* out, size_t size);
ptrdiff_t write_some(int descriptor, const void* data, size_t size);
int set_size(int descriptor, size_t size);
int flush(int descriptor);  // to the disk
int close(int descriptor);
// Makes sure that so many bytes have room on the disk, if the system can, and changes nothing else.
int reserve(int descriptor, size_t size);

// What a failed replace has left of the old file.
struct Left {
  bool old = false;    // there was one, a regular file
  size_t written = 0;  // bytes that have replaced its own
};
int replace(const char* path, const void* data, size_t size, Left& left);

// The same on all systems. old: of a file that is overwritten, for which the poll is not asked; null: a new one
int write_and_close(int descriptor, const void* data, size_t size, Left* old);

}  // namespace disk
}  // namespace netlet::core
