// Files that appear under their name only when complete, and the cleanup of unfinished ones.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>  // rename
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform.h"

// A file being written. A signal handler may read it at any moment: `temporary` is written before `state` announces it,
// and its memory is never freed.
enum { FREE, TAKEN, WRITING };
typedef struct {
  _Atomic int state;
  _Atomic int file;  // other threads look for theirs while this one's is noted
  char temporary[PATH_MAX];  // empty if the file is written to directly
  char path[PATH_MAX];
} replacement;

enum { REPLACEMENTS = 128 };
static replacement replacements[REPLACEMENTS];

static replacement *take(void) {
  for (int i = 0; i < REPLACEMENTS; i++) {
    int expected = FREE;
    if (atomic_compare_exchange_strong(&replacements[i].state, &expected, TAKEN)) return &replacements[i];
  }
  return NULL;
}

static replacement *of(int file) {
  for (int i = 0; i < REPLACEMENTS; i++)
    if (replacements[i].state == WRITING && replacements[i].file == file) return &replacements[i];
  return NULL;
}

// Async-signal-safe.
static void remove_temporaries(void) {
  for (int i = 0; i < REPLACEMENTS; i++)
    if (replacements[i].state == WRITING && replacements[i].temporary[0]) unlink(replacements[i].temporary);
}

// How many threads are between changing a name in a folder and noting it above, and the signal that came meanwhile.
static _Atomic int changing, ended_by;

static void end(int number) {
  remove_temporaries();
  // In a handler the signal is blocked until it returns; then its default action runs.
  signal(number, SIG_DFL);
  raise(number);
}

static void end_by_signal(int number) {
  ended_by = number;
  if (changing == 0) end(number);
}

static void end_change(void) {
  if (--changing > 0 || !ended_by) return;
  end(ended_by);
  _exit(128 + ended_by);  // reached only if this thread blocks the signal
}

// From here to `end_change` a signal's effect waits: no temporary file is left behind that nothing names yet, and none
// is removed that another process has made under the same name.
static void begin_change(void) {
  changing++;
  if (ended_by) end_change();
}

// Installed every time: a signal that was ignored or had another handler may have its default action again.
static void watch_ends(void) {
  static atomic_flag is_watching = ATOMIC_FLAG_INIT;
  if (!atomic_flag_test_and_set(&is_watching)) atexit(remove_temporaries);
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU, SIGXFSZ};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction now;
    if (sigaction(numbers[i], NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO) || now.sa_handler != SIG_DFL) continue;
    struct sigaction wanted = {.sa_handler = end_by_signal};
    sigfillset(&wanted.sa_mask);
    sigaction(numbers[i], &wanted, NULL);
  }
}

// Candidate `number` for `path`'s temporary file: `.NAME.giemsa-NUMBER` in the same folder.
static int name_temporary(replacement *into, int number) {
  const char *slash = strrchr(into->path, '/');
  const size_t folder = slash ? (size_t)(slash - into->path) + 1 : 0, rest = strlen(into->path) - folder;
  // A file name may have 255 bytes.
  const size_t name = rest < 200 ? rest : 200;
  static const char mark[] = ".giemsa-";
  if (folder + name + sizeof mark + 3 > sizeof into->temporary) return ENAMETOOLONG;
  char *next = into->temporary;  // no printf: the field program does not have it
  memcpy(next, into->path, folder);
  next += folder;
  *next++ = '.';
  memcpy(next, into->path + folder, name);
  next += name;
  memcpy(next, mark, sizeof mark - 1);
  next += sizeof mark - 1;
  if (number > 9) *next++ = (char)('0' + number / 10);
  *next++ = (char)('0' + number % 10);
  *next = 0;
  return 0;
}

// Opens a new file, or one left by a process that has ended: a writer holds a lock on its file. EWOULDBLOCK if the file
// belongs to a running process.
static int open_temporary(const char *temporary, int *file) {
  const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  for (;;) {
    const int made = open(temporary, flags | O_CREAT | O_EXCL, 0666);
    if (made < 0 && errno != EEXIST) return errno;
    const int opened = made < 0 ? open(temporary, flags) : made;
    if (opened < 0 && errno == ENOENT) continue;
    if (opened < 0) return EWOULDBLOCK;
    struct stat mine, there;
    int error = 0;
    if (flock(opened, LOCK_EX | LOCK_NB) != 0 && (made < 0 || errno == EWOULDBLOCK)) {
      error = EWOULDBLOCK;  // a new file on a system without locks is ours anyway
    } else if (fstat(opened, &mine) != 0) {
      error = errno;
    } else if (!S_ISREG(mine.st_mode) || mine.st_uid != geteuid() || mine.st_nlink > 1) {
      error = EWOULDBLOCK;
    } else if (lstat(temporary, &there) != 0 || mine.st_ino != there.st_ino || mine.st_dev != there.st_dev) {
      close(opened);  // it was renamed or removed in between
      continue;
    } else if (mine.st_size > 0 && ftruncate(opened, 0) != 0) {
      error = errno;
    }
    if (!error) {
      *file = opened;
      return 0;
    }
    close(opened);
    return error;
  }
}

int platform_replace_begin(const char *path, int *file) {
  if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
  replacement *new = take();
  if (!new) return EMFILE;
  int error = 0;
  struct stat there;
  new->temporary[0] = 0;
  strcpy(new->path, path);
  const int is_direct = stat(path, &there) == 0 && !S_ISREG(there.st_mode);
  if (is_direct) {
    // A pipe or a device is written to directly, not replaced.
    *file = open(path, O_WRONLY | O_CLOEXEC);
    if (*file < 0) error = errno;
  } else {
    // The target of links; or the path itself for a new file or a dangling link.
    if (!realpath(path, new->path)) strcpy(new->path, path);
    watch_ends();
    begin_change();
    error = EWOULDBLOCK;
    for (int number = 0; number < 100 && error == EWOULDBLOCK; number++) {
      error = name_temporary(new, number);
      if (!error) error = open_temporary(new->temporary, file);
    }
  }
  if (!error) new->file = *file;
  new->state = error ? FREE : WRITING;
  if (!is_direct) end_change();
  return error;
}

// Closes the file, whose slot no longer names a temporary file but is not free yet.
static int close_file(replacement *written, int file) {
  written->state = TAKEN;
  return close(file) != 0 ? errno : 0;
}

int platform_replace_commit(int file, int is_urgent) {
  replacement *written = of(file);
  if (!written) return EBADF;
  int error = 0;
  if (written->temporary[0]) {
    if (!is_urgent && fsync(file) != 0) error = errno;
    begin_change();
    // Before closing, which releases the lock.
    if (!error && rename(written->temporary, written->path) != 0) error = errno;
    if (error) unlink(written->temporary);
    close_file(written, file);  // what was synced is not lost if this fails
    end_change();
    if (!error && !is_urgent) error = platform_sync_folder(written->path);
  } else {
    error = close_file(written, file);
  }
  written->state = FREE;
  return error;
}

void platform_replace_abandon(int file) {
  replacement *written = of(file);
  if (!written) return;
  begin_change();
  if (written->temporary[0]) unlink(written->temporary);
  close_file(written, file);
  written->state = FREE;
  end_change();
}

int platform_replace_file(const char *path, const void *bytes, size_t count) {
  int file;
  int error = platform_replace_begin(path, &file);
  if (error) return error;
  error = platform_write(file, bytes, count);
  if (!error) return platform_replace_commit(file, 0);
  platform_replace_abandon(file);
  return error;
}
