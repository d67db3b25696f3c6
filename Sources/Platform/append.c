// Files that grow by whole pieces.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform.h"

int platform_append_begin(const char *path, uint64_t keep, int *file) {
  const int opened = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (opened < 0) return errno;
  struct stat info;
  int error = 0;
  if (fstat(opened, &info) != 0) {
    error = errno;
  } else if (S_ISREG(info.st_mode)) {
    // A system without locks is no reason to stop.
    if (flock(opened, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) error = EBUSY;
    if (!error && (uint64_t)info.st_size > keep && ftruncate(opened, (off_t)keep) != 0) error = errno;
    if (!error && lseek(opened, 0, SEEK_END) < 0) error = errno;
    // The name of a new file.
    char target[PATH_MAX];
    if (!error) error = platform_sync_folder(realpath(path, target) ? target : path);
  }
  if (error) {
    close(opened);
    return error;
  }
  *file = opened;
  return 0;
}

int platform_append_anew(const char *path, const void *bytes, size_t count, int *file) {
  struct stat info;
  if (fstat(*file, &info) != 0) return errno;
  if (!S_ISREG(info.st_mode) || info.st_size == 0) return platform_append(*file, bytes, count);
  int error = platform_replace_file(path, bytes, count);
  int replaced;
  if (!error) error = platform_append_begin(path, UINT64_MAX, &replaced);
  if (error) return error;
  close(*file);  // the earlier file, locked until now
  *file = replaced;
  return 0;
}

int platform_append(int file, const void *bytes, size_t count) {
  const off_t before = lseek(file, 0, SEEK_CUR);
  int error = platform_write(file, bytes, count);
  // A pipe has no disk to wait for.
  if (!error && before >= 0 && fdatasync(file) != 0 && errno != EINVAL) error = errno;
  if (error && before >= 0 && ftruncate(file, before) == 0) lseek(file, before, SEEK_SET);
  return error;
}
