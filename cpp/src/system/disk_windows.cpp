// SPDX-License-Identifier: BSD-3-Clause
// Paths are UTF-8.
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "system/disk.hpp"
#include "system/memory.hpp"

namespace netlet::core::disk {
namespace {

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

int wide(const char* path, Buffer<wchar_t>& out) {
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, nullptr, 0);
  if (length <= 0) return EILSEQ;
  if (!out.allocate((size_t)length)) return ENOMEM;
  return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out.data(), length) == length ? 0 : EILSEQ;
}

// A path to something that may be a file.
int file_name(const char* path, Buffer<wchar_t>& out) {
  const int code = wide(path, out);
  if (code) return code;
  const DWORD attributes = GetFileAttributesW(out.data());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) ? EISDIR : 0;
}

}  // namespace

int open_to_read(const char* path, int& descriptor, size_t& size) {
  Buffer<wchar_t> name;
  const int code = file_name(path, name);
  if (code) return code;
  descriptor = ::_wopen(name.data(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
  struct _stat64 status;
  if (descriptor < 0 || ::_fstat64(descriptor, &status) != 0) return errno;
  size = (size_t)status.st_size;
  return (status.st_mode & _S_IFMT) == _S_IFREG ? 0 : kNotRegular;
}

ptrdiff_t read_some(int descriptor, void* out, size_t size) { return ::_read(descriptor, out, (unsigned)size); }
ptrdiff_t write_some(int descriptor, const void* data, size_t size) {
  return ::_write(descriptor, data, (unsigned)size);
}
int set_size(int descriptor, size_t size) { return ::_chsize_s(descriptor, (long long)size); }
int flush(int descriptor) { return ::_commit(descriptor) == 0 ? 0 : errno; }
int close(int descriptor) { return ::_close(descriptor) == 0 ? 0 : errno; }
int reserve(int, size_t) { return 0; }

int replace(const char* path, const void* data, size_t size, Left& left) {
  const size_t capacity = strlen(path) + 64;
  Buffer<char> temporary;
  Buffer<wchar_t> name, temporary_name;
  int code = file_name(path, name);
  if (code) return code;
  left.old = GetFileAttributesW(name.data()) != INVALID_FILE_ATTRIBUTES;
  if (!temporary.allocate(capacity)) return ENOMEM;
  snprintf(temporary.data(), capacity, "%s.netlet-%lu-%llu.tmp", path, (unsigned long)GetCurrentProcessId(),
           (unsigned long long)GetTickCount64());
  code = wide(temporary.data(), temporary_name);
  if (code) return code;
  const int descriptor =
      ::_wopen(temporary_name.data(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
  if (descriptor < 0 && left.old && errno == EACCES) {  // the folder may not be written; the file may be
    const int old = ::_wopen(name.data(), _O_WRONLY | _O_BINARY | _O_NOINHERIT);
    return old < 0 ? errno : write_and_close(old, data, size, &left);
  }
  if (descriptor < 0) return errno;
  code = write_and_close(descriptor, data, size, nullptr);
  if (code == 0 && !MoveFileExW(temporary_name.data(), name.data(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
    code = code_of_last_error();
  if (code != 0) DeleteFileW(temporary_name.data());
  return code;
}

}  // namespace netlet::core::disk
