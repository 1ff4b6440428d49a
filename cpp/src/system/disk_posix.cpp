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

// What the path leads to, if anything; whether that is a regular file: only such are replaced.
int look_at(const char* path, struct stat& old, bool& exists) {
  const bool found = ::stat(path, &old) == 0;
  exists = found && S_ISREG(old.st_mode);
  if (found) return S_ISDIR(old.st_mode) ? EISDIR : exists ? 0 : kNotRegular;
  if (errno != ENOENT) return errno;
  return ::lstat(path, &old) == 0 ? kDanglingLink : 0;
}

// Gives the new file the old one's owner, group and permissions, as far as this user and the file system can. A group
// that is not the old one may do no more than everybody.
void keep_access(int descriptor, const struct stat& old) {
  mode_t mode = old.st_mode & 0777;
  if (::fchown(descriptor, old.st_uid, old.st_gid) != 0 && ::fchown(descriptor, (uid_t)-1, old.st_gid) != 0)
    mode &= ~(mode_t)070 | (mode & 07) << 3;
  (void)!::fchmod(descriptor, mode);
}

int replace_resolved(const char* path, const struct stat* old, const void* data, size_t size) {
  const size_t capacity = strlen(path) + 80;
  Buffer<char> name;
  if (!name.allocate(capacity)) return ENOMEM;
  // nobody else may read what replaces a file, until those may who could read the old one
  const mode_t mode = old ? 0600 : 0666;
  int descriptor = -1;
  for (int i = 0; i < kTries && descriptor < 0; ++i) {
    temporary_name(path, name.data(), capacity);
    descriptor = ::open(name.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0 && errno != EEXIST) break;
  }
  if (descriptor < 0) return errno;
  if (old) keep_access(descriptor, *old);
  int code = write_and_close(descriptor, data, size, nullptr);
  if (code == 0 && ::rename(name.data(), path) != 0) code = errno;
  if (code != 0) {
    ::unlink(name.data());
    return code;
  }
  flush_directory_of(name.data());
  return 0;
}

// Whether these say that there can be no new file in the old one's place, while the old one may be written.
bool no_new_file(int code) { return code == EACCES || code == EPERM || code == EROFS || code == EBUSY; }

int write_in_place(const char* path, const void* data, size_t size, Left& left) {
  const int descriptor = ::open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);  // not to wait if it has become a pipe
  if (descriptor < 0) return errno;
  struct stat status;
  const int code = ::fstat(descriptor, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : kNotRegular;
  if (code == 0) return write_and_close(descriptor, data, size, &left);
  ::close(descriptor);
  return code;
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
int set_size(int descriptor, size_t size) { return ::ftruncate(descriptor, (off_t)size) == 0 ? 0 : errno; }
int flush(int descriptor) { return ::fsync(descriptor) == 0 ? 0 : errno; }
int close(int descriptor) { return ::close(descriptor) == 0 ? 0 : errno; }

int reserve(int descriptor, size_t size) {
#if defined(FALLOC_FL_KEEP_SIZE)
  if (size && ::fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))  // others say that the file system cannot tell
    return errno;
#endif
  (void)descriptor, (void)size;
  return 0;
}

int replace(const char* path, const void* data, size_t size, Left& left) {
  struct stat old, link;
  int code = look_at(path, old, left.old);
  if (code) return code;
  const bool is_link = left.old && ::lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
  char* const resolved = is_link ? ::realpath(path, nullptr) : nullptr;
  if (is_link && !resolved) return errno;
  const char* const target = resolved ? resolved : path;
  code = replace_resolved(target, left.old ? &old : nullptr, data, size);
  if (left.old && no_new_file(code)) code = write_in_place(target, data, size, left);
  free(resolved);
  return code;
}

}  // namespace netlet::core::disk
