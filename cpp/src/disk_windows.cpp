// SPDX-License-Identifier: BSD-3-Clause
// disk_posix.cpp for Windows. Paths are UTF-8.
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "disk.hpp"
#include "error.hpp"
#include "memory.hpp"

namespace netlet::core {
namespace {

constexpr unsigned kMostAtOnce = 1u << 30;

const char* reason(int code) {
  switch (code) {
    case ENOENT: return "there is no such file or directory";
    case EACCES: return "permission denied";
    case ENOSPC: return "no space left on the device";
    case EISDIR: return "it is a directory";
    case ENAMETOOLONG: return "the name is too long";
    case EILSEQ: return "the name is not UTF-8";
    case EMFILE: return "too many open files";
  }
  return nullptr;
}

netlet_status failed(const char* what, int code, netlet_error* error) {
  const char* const why = reason(code);
  if (why)
    fail(error, NETLET_ERROR_FILE, "cannot %s: %s", what, why);
  else
    fail(error, NETLET_ERROR_FILE, "cannot %s: system error %d", what, code);
  if (error) error->system_error = code;
  return NETLET_ERROR_FILE;
}

int code_of_last_error() {
  switch (GetLastError()) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: return ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION: return EACCES;
    case ERROR_DISK_FULL: return ENOSPC;
  }
  return EIO;
}

// Empty if it is not UTF-8 or there is no memory.
bool wide(const char* path, Buffer<wchar_t>& out) {
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, nullptr, 0);
  if (length <= 0 || !out.allocate((size_t)length)) return false;
  return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out.data(), length) == length;
}

int write_all(int descriptor, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size) {
    const int written = ::_write(descriptor, at, size < kMostAtOnce ? (unsigned)size : kMostAtOnce);
    if (written <= 0) return errno;
    at += written;
    size -= (size_t)written;
  }
  return ::_commit(descriptor) == 0 ? 0 : errno;
}

}  // namespace

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::_close(descriptor_);
}

netlet_status InputFile::open(const char* path, netlet_error* error) {
  if (!path) return fail(error, NETLET_ERROR_ARGUMENT, "path: expected the name of a file, got NULL");
  Buffer<wchar_t> name;
  if (!wide(path, name)) return failed("read", EILSEQ, error);
  const DWORD attributes = GetFileAttributesW(name.data());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
    return failed("read", EISDIR, error);
  descriptor_ = ::_wopen(name.data(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
  struct _stat64 status;
  if (descriptor_ < 0 || ::_fstat64(descriptor_, &status) != 0) return failed("read", errno, error);
  if ((status.st_mode & _S_IFMT) != _S_IFREG)
    return fail(error, NETLET_ERROR_FILE, "cannot read: expected a regular file, got a device or pipe");
  size_ = (size_t)status.st_size;
  return NETLET_OK;
}

netlet_status InputFile::read(void* out, size_t size, netlet_error* error) {
  char* at = static_cast<char*>(out);
  while (size) {
    const int got = ::_read(descriptor_, at, size < kMostAtOnce ? (unsigned)size : kMostAtOnce);
    if (got < 0) return failed("read", errno, error);
    if (got == 0) return fail(error, NETLET_ERROR_FORMAT, "the file became shorter while it was read");
    at += got;
    size -= (size_t)got;
  }
  return NETLET_OK;
}

netlet_status replace_file(const char* path, const void* data, size_t size, netlet_error* error) {
  if (!path) return fail(error, NETLET_ERROR_ARGUMENT, "path: expected the name of a file, got NULL");
  const size_t capacity = strlen(path) + 64;
  Buffer<char> temporary;
  Buffer<wchar_t> name, temporary_name;
  if (!wide(path, name)) return failed("write", EILSEQ, error);
  const DWORD attributes = GetFileAttributesW(name.data());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
    return failed("write", EISDIR, error);
  if (!temporary.allocate(capacity)) return out_of_memory(error);
  snprintf(temporary.data(), capacity, "%s.netlet-%lu-%llu.tmp", path, (unsigned long)GetCurrentProcessId(),
           (unsigned long long)GetTickCount64());
  if (!wide(temporary.data(), temporary_name)) return out_of_memory(error);
  const int descriptor =
      ::_wopen(temporary_name.data(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
  if (descriptor < 0) return failed("write", errno, error);
  int code = write_all(descriptor, data, size);
  if (::_close(descriptor) != 0 && code == 0) code = errno;
  if (code == 0 && !MoveFileExW(temporary_name.data(), name.data(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
    code = code_of_last_error();
  if (code == 0) return NETLET_OK;
  DeleteFileW(temporary_name.data());
  return failed("write", code, error);
}

}  // namespace netlet::core
