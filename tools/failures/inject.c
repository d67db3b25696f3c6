// Runs a program, statically linked or not, and spoils one of its calls on files, or cuts the power there:
//
//     inject FOLDER SAVED TRACE AT HOW PROGRAM ARGUMENT…
//
// FOLDER  only calls on files below this folder are counted: an absolute path without links
// SAVED   a folder on the same file system, outside FOLDER, for files that a cut brings back
// TRACE   a file that gets a line for each counted call: its number, the call, the path
// AT      the number of the call to spoil, from 1; 0: behind the program's last one
// HOW     N      the call fails with errno N, and what it should have made safe is lost
//         N+     so do all later calls of its kind; of the first write a part is written, as on a full disk
//         N*     so do all later calls but close, as in a folder that has become read-only
//         cut    the power goes: data that no fsync waited for are lost, names are kept
//         undo   the same, and what happened to names since the last fsync of their folder is undone
//         term   SIGTERM comes during the call, which is done nevertheless
//         keep   nothing is spoiled; SAVED/N gets the file of the N-th rename, from 0
//         swap   before the call, which is one that reads, all files of SAVED are renamed into FOLDER
//         over   the same, but they are written over those of FOLDER
//
// With swap and over only reading is counted: open, read, pread and mmap of files below FOLDER.
//
// Counted: open for writing, write, fsync, fdatasync, ftruncate, rename, mkdir, flock, unlink, and close of a file open
// for writing. The kernel asks this process before it does one of them (seccomp_unotify(2), Linux 5.19), so nothing is
// missed. Ends as the program ended: with its status, or by its signal, which is SIGKILL after a cut.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

enum { PATH = 4096, FILES = 512, NAMES = 1024 };
enum kind { OPEN, WRITE, FSYNC, TRUNCATE, RENAME, MKDIR, FLOCK, UNLINK, CLOSE, READ };
static const char *const kinds[] = {"open",  "write", "fsync",  "ftruncate", "rename",
                                    "mkdir", "flock", "unlink", "close",     "read"};

static const int asked[] = {
    SYS_openat,    SYS_write,     SYS_pwrite64, SYS_writev,  SYS_pwritev, SYS_fsync, SYS_fdatasync,
    SYS_ftruncate, SYS_renameat2, SYS_renameat, SYS_mkdirat, SYS_flock, SYS_unlinkat, SYS_close,
#ifdef SYS_open
    SYS_open, SYS_creat, SYS_rename, SYS_mkdir, SYS_unlink,
#endif
};
static const int asked_of_reading[] = {
    SYS_openat, SYS_read, SYS_pread64, SYS_mmap,
#ifdef SYS_open
    SYS_open,
#endif
};
#define COUNT(array) (int)(sizeof array / sizeof *array)

static char folder[PATH];
static const char *saved;
static FILE *trace;
static int at, wanted_errno, is_cut, is_undo, is_term, is_keep, is_swap, is_over, is_ever, is_all;
static int count, spoiled_kind = -1;
static pid_t program;
static int program_handle;

// Files that were written to, by descriptors of this process.
static struct {
  struct stat info;
  int file, is_dirty;
  off_t safe;  // bytes that a sync has made safe, or that were there before
} files[FILES];
static int file_count;

// What happened to names since the last fsync of their folder: a new file or folder `to`, or `from` renamed to `to`,
// with the file that was there before kept as `old`.
static struct {
  int is_rename, is_folder, had_old;
  ino_t inode;
  char from[PATH], to[PATH], old[PATH];
} names[NAMES];
static int name_count, saved_count;

static void die(const char *what) {
  perror(what);
  if (program > 0) kill(program, SIGKILL);
  exit(99);
}

static int text_of_program(uint64_t address, char *into) {
  size_t length = 0;
  while (length < PATH - 1) {  // up to a page's end at a time: behind it there may be nothing
    size_t piece = 4096 - (address + length) % 4096;
    if (piece > PATH - 1 - length) piece = PATH - 1 - length;
    struct iovec here = {into + length, piece}, there = {(void *)(address + length), piece};
    const ssize_t got = process_vm_readv(program, &here, 1, &there, 1, 0);
    if (got <= 0) return 0;
    into[length + got] = 0;
    if (memchr(into + length, 0, got)) return 1;
    length += got;
  }
  return 0;
}

static void link_of_program(const char *what, int number, char *into) {
  char name[64];
  if (number < 0) {
    snprintf(name, sizeof name, "/proc/%d/%s", program, what);
  } else {
    snprintf(name, sizeof name, "/proc/%d/%s/%d", program, what, number);
  }
  const ssize_t length = readlink(name, into, PATH - 2);
  into[length > 0 ? length : 0] = 0;
}

static int is_inside(const char *path) { return strncmp(path, folder, strlen(folder)) == 0; }

// The absolute form of a path that the program names. Returns 0 if it is outside the folder.
static int place(int at_folder, uint64_t address, char *into) {
  char given[PATH], start[PATH] = "";
  if (!text_of_program(address, given)) return 0;
  if (given[0] != '/') {
    if (at_folder == AT_FDCWD) {
      link_of_program("cwd", -1, start);
    } else {
      link_of_program("fd", at_folder, start);
    }
    strcat(start, "/");
  }
  return snprintf(into, PATH, "%s%s", start, given) < PATH && is_inside(into);
}

// The path of one of the program's descriptors. Returns 0 if it is outside the folder.
static int place_of(int file, char *into) {
  char below[PATH];
  link_of_program("fd", file, into);
  snprintf(below, sizeof below, "%.*s/", PATH - 2, into);
  return is_inside(below);
}

// One of the program's descriptors, shared: its offset is the same.
static int shared(int file) { return syscall(SYS_pidfd_getfd, program_handle, file, 0); }

static int is_for_writing(int file) {
  const int ours = shared(file);
  const int flags = ours < 0 ? O_RDONLY : fcntl(ours, F_GETFL);
  if (ours >= 0) close(ours);
  return (flags & O_ACCMODE) != O_RDONLY;
}

// Index in `files`; -1 if the file is none that can be opened again.
static int known(int file) {
  char name[64];
  struct stat info;
  snprintf(name, sizeof name, "/proc/%d/fd/%d", program, file);
  if (stat(name, &info) != 0 || !S_ISREG(info.st_mode)) return -1;
  for (int i = 0; i < file_count; i++)
    if (files[i].info.st_ino == info.st_ino && files[i].info.st_dev == info.st_dev) return i;
  const int ours = open(name, O_WRONLY | O_CLOEXEC);
  if (ours < 0) return -1;
  if (file_count == FILES) die("too many files");
  files[file_count].info = info;
  files[file_count].safe = info.st_size;
  files[file_count].file = ours;
  return file_count++;
}

static void mark(int file, int is_dirty) {
  struct stat info;
  const int i = known(file);
  if (i < 0) return;
  files[i].is_dirty = is_dirty;
  if (!is_dirty && fstat(files[i].file, &info) == 0) files[i].safe = info.st_size;
}

static void lose(int i) {
  struct stat info;
  if (i < 0 || !files[i].is_dirty || fstat(files[i].file, &info) != 0) return;
  const off_t safe = files[i].safe < info.st_size ? files[i].safe : info.st_size;
  if (ftruncate(files[i].file, safe + (info.st_size - safe) / 2) != 0) die("ftruncate");
  files[i].is_dirty = 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
  (void)info, (void)kind, (void)walk;
  return remove(path);
}

static void cut(void) {
  for (int i = 0; i < file_count; i++) lose(i);
  for (int i = name_count - 1; is_undo && i >= 0; i--) {
    struct stat info;
    if (names[i].is_folder) {
      nftw(names[i].to, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    } else if (!names[i].is_rename) {
      unlink(names[i].to);
    } else if (stat(names[i].to, &info) == 0 && info.st_ino == names[i].inode) {
      rename(names[i].to, names[i].from);
      if (names[i].had_old) rename(names[i].old, names[i].to);
    }
  }
}

static int add_name(void) {
  if (name_count == NAMES) die("too many names");
  memset(&names[name_count], 0, sizeof names[name_count]);
  return name_count++;
}

// The folder's fsync makes the names in it safe.
static void keep_names(const char *path) {
  int kept = 0;
  for (int i = 0; i < name_count; i++) {
    const char *slash = strrchr(names[i].to, '/');
    const size_t length = slash - names[i].to;
    if (length != strlen(path) || strncmp(names[i].to, path, length) != 0) names[kept++] = names[i];
  }
  name_count = kept;
}

// What the kernel is to answer: its own answer, or another one.
typedef struct {
  int is_ours;
  int64_t value;
  int error;
} answer;
static const answer go_on = {0};

static void end_by_cut(void) {
  kill(program, SIGKILL);
  int status;
  if (waitpid(program, &status, 0) < 0) die("waitpid");
  cut();
  fclose(trace);
  signal(SIGKILL, SIG_DFL);
  raise(SIGKILL);
}

static void copy_over(const char *from, const char *to) {
  static char bytes[1 << 16];
  const int source = open(from, O_RDONLY | O_CLOEXEC), target = open(to, O_WRONLY | O_TRUNC | O_CLOEXEC);
  ssize_t size = 0;
  if (source < 0 || target < 0) die("copying");
  while ((size = read(source, bytes, sizeof bytes)) > 0)
    if (write(target, bytes, size) != size) die("copying");
  close(source);
  close(target);
}

static void swap_files(void) {
  DIR *directory = opendir(saved);
  struct dirent *entry;
  if (!directory) die(saved);
  while ((entry = readdir(directory))) {
    char from[PATH], to[PATH];
    if (entry->d_name[0] == '.') continue;
    snprintf(from, sizeof from, "%s/%s", saved, entry->d_name);
    snprintf(to, sizeof to, "%s%s", folder, entry->d_name);
    if (is_over) {
      copy_over(from, to);
    } else if (rename(from, to) != 0) {
      die("renaming");
    }
  }
  closedir(directory);
}

// Counts a call. Returns whether it is to fail.
static int fails(enum kind kind, const char *path) {
  count++;
  fprintf(trace, "%d %s %s\n", count, kinds[kind], path + strlen(folder));
  if (count == at && is_cut) end_by_cut();
  if (count == at && is_swap) swap_files();
  if (is_swap) return 0;
  if (count == at && is_term) {
    kill(program, SIGTERM);
    usleep(1000);
    return 0;
  }
  if (count == at) spoiled_kind = kind;
  return count == at || (is_ever && (int)kind == spoiled_kind) || (is_all && spoiled_kind >= 0 && kind != CLOSE);
}

static answer failure(void) { return (answer){1, 0, -wanted_errno}; }

static answer on_open(int at_folder, uint64_t path, uint64_t flags) {
  char full[PATH];
  struct stat info;
  if (((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT)) || !place(at_folder, path, full)) return go_on;
  if (fails(OPEN, full)) return failure();
  if (lstat(full, &info) != 0 && errno == ENOENT) strcpy(names[add_name()].to, full);
  return go_on;
}

static answer on_write(int file, uint64_t bytes, uint64_t size, int has_bytes) {
  char full[PATH];
  if (file <= 2 || !place_of(file, full)) return go_on;
  const int is_first = spoiled_kind < 0;
  if (fails(WRITE, full)) {
    static char part[1 << 16];
    if (!is_ever || !is_first || !has_bytes || size < 2) return failure();
    const size_t half = size / 2 < sizeof part ? size / 2 : sizeof part;
    struct iovec here = {part, half}, there = {(void *)bytes, half};
    const int ours = shared(file);
    if (ours < 0 || process_vm_readv(program, &here, 1, &there, 1, 0) != (ssize_t)half) die("part of a write");
    const ssize_t written = write(ours, part, half);
    close(ours);
    mark(file, 1);
    return (answer){1, written, 0};
  }
  mark(file, 1);
  return go_on;
}

static answer on_fsync(int file) {
  char full[PATH];
  if (!place_of(file, full)) return go_on;
  if (fails(FSYNC, full)) {
    lose(known(file));
    return failure();
  }
  mark(file, 0);
  keep_names(full);
  return go_on;
}

static answer on_truncate(int file) {
  char full[PATH];
  if (!place_of(file, full)) return go_on;
  if (fails(TRUNCATE, full)) return failure();
  mark(file, 1);
  return go_on;
}

static answer on_rename(int from_folder, uint64_t from, int to_folder, uint64_t to) {
  char full_from[PATH], full_to[PATH];
  struct stat info;
  if (!place(to_folder, to, full_to)) return go_on;
  if (fails(RENAME, full_to)) return failure();
  if (!place(from_folder, from, full_from) || stat(full_from, &info) != 0) return go_on;
  const int i = add_name();
  names[i].is_rename = 1;
  names[i].inode = info.st_ino;
  strcpy(names[i].from, full_from);
  strcpy(names[i].to, full_to);
  if (snprintf(names[i].old, PATH, "%s/%d", saved, saved_count++) < PATH)
    names[i].had_old = link(is_keep ? full_from : full_to, names[i].old) == 0;
  return go_on;
}

static answer on_mkdir(int at_folder, uint64_t path) {
  char full[PATH];
  struct stat info;
  if (!place(at_folder, path, full) || stat(full, &info) == 0) return go_on;
  if (fails(MKDIR, full)) return failure();
  const int i = add_name();
  names[i].is_folder = 1;
  strcpy(names[i].to, full);
  return go_on;
}

static answer on_flock(int file) {
  char full[PATH];
  return place_of(file, full) && fails(FLOCK, full) ? failure() : go_on;
}

static answer on_unlink(int at_folder, uint64_t path) {
  char full[PATH];
  return place(at_folder, path, full) && fails(UNLINK, full) ? failure() : go_on;
}

static answer on_close(int file) {
  char full[PATH];
  if (file <= 2 || !place_of(file, full) || !is_for_writing(file)) return go_on;
  if (!fails(CLOSE, full)) return go_on;
  // The descriptor stays open, which harms nobody: the program ends soon.
  lose(known(file));
  return failure();
}

static answer on_reading(const struct seccomp_data *call) {
  char full[PATH];
  const __u64 *a = call->args;
  if (call->nr == SYS_openat ? place((int)a[0], a[1], full)
#ifdef SYS_open
      : call->nr == SYS_open ? place(AT_FDCWD, a[0], full)
#endif
                             : place_of((int)(call->nr == SYS_mmap ? a[4] : a[0]), full))
    fails(call->nr == SYS_read || call->nr == SYS_pread64 || call->nr == SYS_mmap ? READ : OPEN, full);
  return go_on;
}

static answer respond(const struct seccomp_data *call) {
  const __u64 *a = call->args;
  if (is_swap) return on_reading(call);
  switch (call->nr) {
    case SYS_openat: return on_open((int)a[0], a[1], a[2]);
    case SYS_write:
    case SYS_pwrite64: return on_write((int)a[0], a[1], a[2], call->nr == SYS_write);
    case SYS_writev:
    case SYS_pwritev: return on_write((int)a[0], 0, 0, 0);
    case SYS_fsync:
    case SYS_fdatasync: return on_fsync((int)a[0]);
    case SYS_ftruncate: return on_truncate((int)a[0]);
    case SYS_renameat:
    case SYS_renameat2: return on_rename((int)a[0], a[1], (int)a[2], a[3]);
    case SYS_mkdirat: return on_mkdir((int)a[0], a[1]);
    case SYS_flock: return on_flock((int)a[0]);
    case SYS_unlinkat: return on_unlink((int)a[0], a[1]);
    case SYS_close: return on_close((int)a[0]);
#ifdef SYS_open
    case SYS_open: return on_open(AT_FDCWD, a[0], a[1]);
    case SYS_creat: return on_open(AT_FDCWD, a[0], O_WRONLY | O_CREAT | O_TRUNC);
    case SYS_rename: return on_rename(AT_FDCWD, a[0], AT_FDCWD, a[1]);
    case SYS_mkdir: return on_mkdir(AT_FDCWD, a[0]);
    case SYS_unlink: return on_unlink(AT_FDCWD, a[0]);
#endif
    default: return go_on;
  }
}

// Called in the new process: from now on the kernel asks before it does one of `asked`.
static int be_asked(void) {
  struct sock_filter filter[2 * COUNT(asked) + 8];
  const int *calls = is_swap ? asked_of_reading : asked;
  const int number = is_swap ? COUNT(asked_of_reading) : COUNT(asked);
  int n = 0;
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < number; i++) {
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog all = {(unsigned short)n, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  // A signal does not interrupt a call that this process has been asked about: it comes after the call.
  const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | 1 << 5;  // WAIT_KILLABLE_RECV, which old headers lack
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &all);
}

int main(int number, char **arguments) {
  if (number < 7) return fprintf(stderr, "usage: inject FOLDER SAVED TRACE AT HOW PROGRAM ARGUMENT...\n"), 99;
  snprintf(folder, sizeof folder, "%s/", arguments[1]);
  saved = arguments[2];
  trace = fopen(arguments[3], "we");
  if (!trace) die(arguments[3]);
  at = atoi(arguments[4]);
  const char *how = arguments[5];
  is_undo = strcmp(how, "undo") == 0;
  is_cut = is_undo || strcmp(how, "cut") == 0;
  is_term = strcmp(how, "term") == 0;
  is_keep = strcmp(how, "keep") == 0;
  is_over = strcmp(how, "over") == 0;
  is_swap = is_over || strcmp(how, "swap") == 0;
  is_ever = strchr(how, '+') != NULL;
  is_all = strchr(how, '*') != NULL;
  wanted_errno = atoi(how);
  if (at == 0 && !is_cut) at = -1;  // nothing is spoiled

  // The new process tells its listener's number, and waits until this one has taken it.
  _Atomic int *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (told == MAP_FAILED) die("mmap");
  *told = -2;
  program = fork();
  if (program < 0) die("fork");
  if (program == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int listener = be_asked();
    *told = listener;
    if (listener < 0) _exit(99);
    while (*told >= 0) usleep(50);
    execv(arguments[6], arguments + 6);
    _exit(99);
  }
  program_handle = syscall(SYS_pidfd_open, program, 0);
  if (program_handle < 0) die("pidfd_open");
  while (*told == -2) usleep(50);
  const int listener = *told < 0 ? -1 : shared(*told);
  if (listener < 0) die("no seccomp listener: wants Linux 5.19, and no filter that forbids it");
  *told = -3;

  for (;;) {
    struct pollfd ready = {listener, POLLIN, 0};
    if (poll(&ready, 1, -1) < 0 && errno != EINTR) die("poll");
    if (ready.revents & POLLHUP) break;
    if (!(ready.revents & POLLIN)) continue;
    struct seccomp_notif question;
    memset(&question, 0, sizeof question);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) {
      if (errno == ENOENT || errno == EINTR) continue;
      die("receiving");
    }
    const answer given = respond(&question.data);
    struct seccomp_notif_resp response = {
        .id = question.id, .val = given.value, .error = given.error,
        .flags = given.is_ours ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT) die("answering");
  }
  int status;
  if (waitpid(program, &status, 0) < 0) die("waitpid");
  if (at == 0) cut();
  fclose(trace);
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  return WEXITSTATUS(status);
}
