// SPDX-License-Identifier: BSD-3-Clause
#include "disk.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.hpp"

namespace netlet::core {
namespace {

constexpr size_t kMostAtOnce = (size_t)1 << 30;  // some systems take no more in one call
constexpr int kTries = 100;                      // for a name that nobody has

// errno in words; strerror is not for threads
const char* reason(int code) {
  switch (code) {
    case ENOENT: return "there is no such file or directory";
    case EACCES:
    case EPERM: return "permission denied";
    case ENOSPC: return "no space left on the device";
    case EISDIR: return "it is a directory";
    case ENOTDIR: return "a part of its path is not a directory";
    case EROFS: return "the file system is read-only";
    case ENAMETOOLONG: return "the name is too long";
    case EFBIG: return "the file would be too large";
    case EDQUOT: return "the disk quota is used up";
    case EIO: return "an input or output error";
    case ELOOP: return "too many symbolic links";
    case EMFILE:
    case ENFILE: return "too many open files";
  }
  return nullptr;
}

netlet_status failed(const char* what, netlet_error* error) {
  const int code = errno;
  const char* const why = reason(code);
  if (why)
    fail(error, NETLET_ERROR_FILE, "cannot %s: %s", what, why);
  else
    fail(error, NETLET_ERROR_FILE, "cannot %s: system error %d", what, code);
  if (error) error->system_error = code;
  return NETLET_ERROR_FILE;
}

netlet_status not_regular(const char* what, netlet_error* error) {
  return fail(error, NETLET_ERROR_FILE, "cannot %s: expected a regular file, got a device or pipe", what);
}

bool write_all(int descriptor, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size) {
    const ssize_t written = ::write(descriptor, at, size < kMostAtOnce ? size : kMostAtOnce);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    at += written;
    size -= (size_t)written;
  }
  return true;
}

// After a rename the directory, too, has to reach the disk; some file systems cannot do that.
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

// A name in the same directory that nobody has.
void temporary_name(const char* path, char* out, size_t capacity) {
  const char* const slash = strrchr(path, '/');
  const int directory = slash ? (int)(slash + 1 - path) : 0;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(out, capacity, "%.*s.netlet-%ld-%lld%09ld.tmp", directory, path, (long)::getpid(), (long long)now.tv_sec,
           now.tv_nsec);
}

// target: long enough for the temporary name, too
netlet_status replace(const char* path, char* target, size_t capacity, const void* data, size_t size,
                      netlet_error* error) {
  struct stat old;
  const bool exists = ::stat(path, &old) == 0;
  if (!exists && errno != ENOENT) return failed("write", error);
  if (!exists && ::lstat(path, &old) == 0)
    return fail(error, NETLET_ERROR_FILE, "cannot write: it is a symbolic link that leads nowhere");
  if (exists && S_ISDIR(old.st_mode)) {
    errno = EISDIR;
    return failed("write", error);
  }
  if (exists && !S_ISREG(old.st_mode)) return not_regular("write", error);
  char* const resolved = exists ? ::realpath(path, nullptr) : nullptr;
  const char* const final_name = resolved ? resolved : path;
  int descriptor = -1;
  for (int i = 0; i < kTries && descriptor < 0; ++i) {
    temporary_name(final_name, target, capacity);
    descriptor = ::open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) break;
  }
  bool done = descriptor >= 0;
  if (done) {
    if (exists) (void)!::fchown(descriptor, old.st_uid, old.st_gid);
    if (exists) (void)!::fchmod(descriptor, old.st_mode & 0777);
    done = write_all(descriptor, data, size) && ::fsync(descriptor) == 0;
    const int code = errno;
    if (::close(descriptor) != 0 && done)
      done = false;
    else
      errno = code;
    done = done && ::rename(target, final_name) == 0;
    if (!done) {
      const int why = errno;
      ::unlink(target);
      errno = why;
    }
  }
  const netlet_status status = done ? NETLET_OK : failed("write", error);
  if (done) {
    snprintf(target, capacity, "%s", final_name);
    flush_directory_of(target);
  }
  free(resolved);
  return status;
}

}  // namespace

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

netlet_status InputFile::open(const char* path, netlet_error* error) {
  if (!path) return fail(error, NETLET_ERROR_ARGUMENT, "path: expected the name of a file, got NULL");
  descriptor_ = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer does not hold us up
  struct stat status;
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) return failed("read", error);
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return failed("read", error);
  }
  if (!S_ISREG(status.st_mode)) return not_regular("read", error);
  size_ = (size_t)status.st_size;
  return NETLET_OK;
}

netlet_status InputFile::read(void* out, size_t size, netlet_error* error) {
  char* at = static_cast<char*>(out);
  while (size) {
    const ssize_t got = ::read(descriptor_, at, size < kMostAtOnce ? size : kMostAtOnce);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", error);
    if (got == 0) return fail(error, NETLET_ERROR_FORMAT, "the file became shorter while it was read");
    at += got;
    size -= (size_t)got;
  }
  return NETLET_OK;
}

netlet_status replace_file(const char* path, const void* data, size_t size, netlet_error* error) {
  if (!path) return fail(error, NETLET_ERROR_ARGUMENT, "path: expected the name of a file, got NULL");
  const size_t capacity = strlen(path) + PATH_MAX + 64;
  char* const target = static_cast<char*>(malloc(capacity));
  if (!target) return out_of_memory(error);
  const netlet_status status = replace(path, target, capacity, data, size, error);
  free(target);
  return status;
}

}  // namespace netlet::core
