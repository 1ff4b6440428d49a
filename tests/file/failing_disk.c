/* SPDX-License-Identifier: BSD-3-Clause
 * Preloaded: what only other machines' disks do. The environment says what fails for files whose names begin with
 * "mounted": FAIL_RENAME, FAIL_RESERVE and FAIL_WRITE with that errno (of writing: all after the first 100 bytes), and
 * FAIL_NEW, making a file beside others, in any folder, and FAIL_OWNER, giving a file to somebody. SHOW_ACCESS: says what
 * access new files get, step by step. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int code(const char *name) {
  const char *value = getenv(name);
  return value ? atoi(value) : 0;
}

static int failed(int error) {
  errno = error;
  return -1;
}

int rename(const char *from, const char *to) {
  if (code("FAIL_RENAME") && strstr(to, "/mounted")) return failed(code("FAIL_RENAME"));
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  mode_t mode = 0;
  if (flags & O_CREAT) {
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (code("FAIL_NEW") && strstr(path, "/.netlet-")) return failed(code("FAIL_NEW"));
  if (getenv("SHOW_ACCESS") && strstr(path, "/.netlet-")) fprintf(stderr, "open %o\n", mode);
  return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}

/* whether it is a mounted file, rather than the new one beside it */
static int in_place(int descriptor) {
  char link[40] = "/proc/self/fd/", path[4096] = "";
  char *digit = link + strlen(link);
  for (int d = 1000; d; d /= 10)
    if (descriptor >= d || d == 1) *digit++ = (char)('0' + descriptor / d % 10);
  return readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/mounted");
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  if (code("FAIL_RESERVE") && in_place(descriptor)) return failed(code("FAIL_RESERVE"));
  return ((int (*)(int, int, off_t, off_t))dlsym(RTLD_NEXT, "fallocate"))(descriptor, mode, offset, size);
}

int fchown(int descriptor, uid_t owner, gid_t group) {
  if (getenv("SHOW_ACCESS")) fprintf(stderr, "chown %d %d\n", (int)owner, (int)group);
  if (code("FAIL_OWNER")) return failed(code("FAIL_OWNER"));
  return ((int (*)(int, uid_t, gid_t))dlsym(RTLD_NEXT, "fchown"))(descriptor, owner, group);
}

int fchmod(int descriptor, mode_t mode) {
  if (getenv("SHOW_ACCESS")) fprintf(stderr, "chmod %o\n", mode);
  return ((int (*)(int, mode_t))dlsym(RTLD_NEXT, "fchmod"))(descriptor, mode);
}

int fsync(int descriptor) {
  if (code("FAIL_FLUSH") && in_place(descriptor)) return failed(code("FAIL_FLUSH"));
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (code("FAIL_WRITE") && in_place(descriptor)) {
    if (lseek(descriptor, 0, SEEK_CUR) >= 100) return failed(code("FAIL_WRITE"));
    return real(descriptor, data, size < 100 ? size : 100);
  }
  return real(descriptor, data, size);
}
