// SPDX-License-Identifier: BSD-3-Clause
#include "system/disk.hpp"

#include <errno.h>
#include <stdio.h>

#include "system/error.hpp"
#include "system/memory.hpp"
#include "system/poll.hpp"

namespace netlet::core {
namespace {

// in words; strerror is not thread-safe
const char* reason(int code) {
  switch (code) {
    case disk::kNotRegular: return "expected a regular file, got a device or pipe";
    case disk::kNoFiles: return "there are no files here; networks come and go as bytes";
    case disk::kDanglingLink: return "it is a dangling symbolic link";
    case ENOENT: return "no such file or directory";
    case EACCES:
    case EPERM: return "permission denied";
    case ENOSPC: return "no space left on the device";
    case EISDIR: return "it is a directory";
    case ENOTDIR: return "part of the path is not a directory";
    case EROFS: return "the file system is read-only";
    case ENAMETOOLONG: return "the name is too long";
    case EILSEQ: return "the name is not UTF-8";
    case EFBIG: return "the file would be too large";
#if defined(EDQUOT)
    case EDQUOT: return "the disk quota is used up";
#endif
    case EIO: return "input/output error";
    case EBUSY: return "the file is in use";
    case ETXTBSY: return "it is a program that runs";
    case ELOOP: return "too many symbolic links";
    case EMFILE:
    case ENFILE: return "too many open files";
  }
  return nullptr;
}

// state: what more is to be said, or ""
netlet_status failed(const char* what, int code, const char* state, netlet_error* error) {
  if (code == ENOMEM) return out_of_memory(error);
  if (code == disk::kStopped) return check_stop(error);
  const char* const why = reason(code);
  if (why)
    fail(error, NETLET_ERROR_FILE, "cannot %s: %s%s", what, why, state);
  else
    fail(error, NETLET_ERROR_FILE, "cannot %s: system error %d%s", what, code, state);
  if (error && code > 0) error->system_error = code;
  return NETLET_ERROR_FILE;
}

// Calls some(offset, most bytes) until all are done; kEnd if there are no more.
template <class F> int all(size_t size, bool may_stop, F some) {
  for (size_t at = 0; at < size;) {
    if (at && may_stop && stop_asked()) return disk::kStopped;
    const ptrdiff_t done = some(at, smaller(size - at, disk::kMostAtOnce));
    if (done == 0) return disk::kEnd;
    if (done > 0)
      at += (size_t)done;
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

netlet_status no_path(netlet_error* error) { return invalid(error, "path: expected the name of a file, got NULL"); }

}  // namespace

Input::~Input() {
  if (descriptor_ >= 0) disk::close(descriptor_);
}

netlet_status Input::open(const char* path, netlet_error* error) {
  if (!path) return no_path(error);
  const int code = disk::open_to_read(path, descriptor_, size_);
  return code ? failed("read", code, "", error) : NETLET_OK;
}

netlet_status Input::read(void* out, size_t size, netlet_error* error) {
  if (memory_) {
    memcpy(out, memory_, size);
    memory_ += size;
    return NETLET_OK;
  }
  const int code = all(size, true, [&](size_t at, size_t count) {
    return disk::read_some(descriptor_, static_cast<char*>(out) + at, count);
  });
  if (code == disk::kEnd) return fail(error, NETLET_ERROR_FORMAT, "the file shrank while it was being read");
  return code ? failed("read", code, "", error) : NETLET_OK;
}

int disk::write_and_close(int descriptor, const void* data, size_t size, Left* old) {
  int code = old ? reserve(descriptor, size) : 0;
  if (code == 0)
    code = all(size, !old, [&](size_t at, size_t count) {
      const ptrdiff_t done = write_some(descriptor, static_cast<const char*>(data) + at, count);
      if (old && done > 0) old->written += (size_t)done;
      return done;
    });
  if (code == 0 && old) code = set_size(descriptor, size);
  if (code == 0) code = flush(descriptor);
  const int closed = close(descriptor);
  return code == kEnd ? EIO : code ? code : closed;
}

netlet_status replace_file(const char* path, const void* data, size_t size, netlet_error* error) {
  if (!path) return no_path(error);
  disk::Left left;
  const int code = disk::replace(path, data, size, left);
  if (code == 0) return NETLET_OK;
  char state[120] = "";
  if (left.written == size && size)
    snprintf(state, sizeof state, "; the file may be damaged: not all may have reached the disk");
  else if (left.written)
    snprintf(state, sizeof state, "; the file is damaged: only %zu of %zu bytes of the new content were written",
             left.written, size);
  else if (left.old)
    snprintf(state, sizeof state, "; the old content is intact");
  return failed("write", code, state, error);
}

}  // namespace netlet::core
