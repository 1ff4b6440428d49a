// SPDX-License-Identifier: BSD-3-Clause
#include "system/disk.hpp"

#include <errno.h>

#include "system/error.hpp"

namespace netlet::core {
namespace {

// in words; strerror is not for threads
const char* reason(int code) {
  switch (code) {
    case disk::kNotRegular: return "expected a regular file, got a device or pipe";
    case disk::kDanglingLink: return "it is a symbolic link that leads nowhere";
    case ENOENT: return "there is no such file or directory";
    case EACCES:
    case EPERM: return "permission denied";
    case ENOSPC: return "no space left on the device";
    case EISDIR: return "it is a directory";
    case ENOTDIR: return "a part of its path is not a directory";
    case EROFS: return "the file system is read-only";
    case ENAMETOOLONG: return "the name is too long";
    case EILSEQ: return "the name is not UTF-8";
    case EFBIG: return "the file would be too large";
#if defined(EDQUOT)
    case EDQUOT: return "the disk quota is used up";
#endif
    case EIO: return "an input or output error";
    case ELOOP: return "too many symbolic links";
    case EMFILE:
    case ENFILE: return "too many open files";
  }
  return nullptr;
}

netlet_status failed(const char* what, int code, netlet_error* error) {
  if (code == ENOMEM) return out_of_memory(error);
  const char* const why = reason(code);
  if (why)
    fail(error, NETLET_ERROR_FILE, "cannot %s: %s", what, why);
  else
    fail(error, NETLET_ERROR_FILE, "cannot %s: system error %d", what, code);
  if (error && code > 0) error->system_error = code;
  return NETLET_ERROR_FILE;
}

netlet_status no_path(netlet_error* error) {
  return fail(error, NETLET_ERROR_ARGUMENT, "path: expected the name of a file, got NULL");
}

}  // namespace

InputFile::~InputFile() {
  if (descriptor_ >= 0) disk::close(descriptor_);
}

netlet_status InputFile::open(const char* path, netlet_error* error) {
  if (!path) return no_path(error);
  const int code = disk::open_to_read(path, descriptor_, size_);
  return code ? failed("read", code, error) : NETLET_OK;
}

netlet_status InputFile::read(void* out, size_t size, netlet_error* error) {
  char* at = static_cast<char*>(out);
  while (size) {
    size_t done = 0;
    const int code = disk::read_some(descriptor_, at, size, done);
    if (code) return failed("read", code, error);
    if (!done) return fail(error, NETLET_ERROR_FORMAT, "the file became shorter while it was read");
    at += done;
    size -= done;
  }
  return NETLET_OK;
}

int disk::write_all(int descriptor, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size) {
    size_t done = 0;
    const int code = write_some(descriptor, at, size, done);
    if (code) return code;
    if (!done) return EIO;
    at += done;
    size -= done;
  }
  return 0;
}

netlet_status replace_file(const char* path, const void* data, size_t size, netlet_error* error) {
  if (!path) return no_path(error);
  const int code = disk::replace(path, data, size);
  return code ? failed("write", code, error) : NETLET_OK;
}

}  // namespace netlet::core
