// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "system/disk.hpp"
#include "system/memory.hpp"

namespace netlet::core::disk {
namespace {

constexpr int kTries = 100;  // to find an unused name

// After a rename the directory has to reach the disk, too; not all file systems support that.
void flush_directory_of(char* path) {
  char* const slash = strrchr(path, '/');
  const char* directory = ".";
  if (slash) {
    slash[slash == path] = 0;  // "/" stays
    directory = path;
  }
  const int descriptor = ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)!::fsync(descriptor);
  ::close(descriptor);
}

// A name in the same directory that is probably unused.
void temporary_name(const char* path, char* out, size_t capacity) {
  const char* const slash = strrchr(path, '/');
  const int directory = slash ? (int)(slash + 1 - path) : 0;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(out, capacity, "%.*s.netlet-%ld-%lld%09ld.tmp", directory, path, (long)::getpid(), (long long)now.tv_sec,
           now.tv_nsec);
}

// What the path leads to, if anything. Only regular files are replaced.
int look_at(const char* path, struct stat& old, bool& exists) {
  exists = ::stat(path, &old) == 0;
  if (exists) return S_ISDIR(old.st_mode) ? EISDIR : S_ISREG(old.st_mode) ? 0 : kNotRegular;
  if (errno != ENOENT) return errno;
  return ::lstat(path, &old) == 0 ? kDanglingLink : 0;
}

// Writes and closes a new file, with the owner and permissions of the old one.
int write_new(int descriptor, const struct stat* old, const void* data, size_t size) {
  if (old) (void)!::fchown(descriptor, old->st_uid, old->st_gid);
  if (old) (void)!::fchmod(descriptor, old->st_mode & 0777);
  int code = write_all(descriptor, data, size);
  if (code == 0 && ::fsync(descriptor) != 0) code = errno;
  if (::close(descriptor) != 0 && code == 0) code = errno;
  return code;
}

int replace_resolved(const char* path, const struct stat* old, const void* data, size_t size) {
  const size_t capacity = strlen(path) + 80;
  Buffer<char> name;
  if (!name.allocate(capacity)) return ENOMEM;
  int descriptor = -1;
  for (int i = 0; i < kTries && descriptor < 0; ++i) {
    temporary_name(path, name.data(), capacity);
    descriptor = ::open(name.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) break;
  }
  if (descriptor < 0) return errno;
  int code = write_new(descriptor, old, data, size);
  if (code == 0 && ::rename(name.data(), path) != 0) code = errno;
  if (code != 0) {
    ::unlink(name.data());
    return code;
  }
  flush_directory_of(name.data());
  return 0;
}

}  // namespace

int open_to_read(const char* path, int& descriptor, size_t& size) {
  descriptor = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // not to wait at a pipe without a writer
  struct stat status;
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) return errno;
  size = (size_t)status.st_size;
  return S_ISDIR(status.st_mode) ? EISDIR : S_ISREG(status.st_mode) ? 0 : kNotRegular;
}

ptrdiff_t read_some(int descriptor, void* out, size_t size) { return ::read(descriptor, out, size); }
ptrdiff_t write_some(int descriptor, const void* data, size_t size) { return ::write(descriptor, data, size); }
void close(int descriptor) { ::close(descriptor); }

int replace(const char* path, const void* data, size_t size) {
  struct stat old;
  bool exists;
  const int code = look_at(path, old, exists);
  if (code) return code;
  char* const target = exists ? ::realpath(path, nullptr) : nullptr;  // behind symbolic links
  const int result = replace_resolved(target ? target : path, exists ? &old : nullptr, data, size);
  free(target);
  return result;
}

}  // namespace netlet::core::disk
