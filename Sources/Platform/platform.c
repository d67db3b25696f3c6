#define _GNU_SOURCE
#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

double platform_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void platform_pause(double seconds) {
  const time_t whole = (time_t)seconds;
  const struct timespec wanted = {whole, (long)((seconds - (double)whole) * 1e9)};
  nanosleep(&wanted, NULL);
}

int platform_write(int descriptor, const void *bytes, size_t count) {
  const char *next = bytes;
  while (count > 0) {
    ssize_t n = write(descriptor, next, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    next += n;
    count -= (size_t)n;
  }
  return 0;
}

static _Atomic int output_failure;

int platform_output(const void *bytes, size_t count) {
  if (output_failure) return output_failure;
  int error = platform_write(1, bytes, count);
  if (error) output_failure = error;
  return error;
}

int platform_output_failure(void) { return output_failure; }

int platform_is_closed_pipe(int error) { return error == EPIPE; }

void platform_keep_standard_streams(void) {
  // open takes the lowest free descriptor, the missing one. It is opened in the wrong direction, so that its use fails.
  for (int descriptor = 0; descriptor <= 2; descriptor++)
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

int platform_is_terminal(int descriptor) { return isatty(descriptor); }

int platform_is_missing(int error) { return error == ENOENT; }

const char *platform_error_text(int error) {
#ifdef __GLIBC__
  // Not strerror, which translates: messages should be the same everywhere.
  const char *text = strerrordesc_np(error);
  return text ? text : "unknown error";
#else
  return strerror(error);
#endif
}

// Memory that large allocations must leave for small ones, since Swift's runtime ends the program if those fail.
enum { SLACK = 1 << 20, LARGE = 64 << 10 };

int platform_has_memory(size_t count) {
  if (count > SIZE_MAX - SLACK) return 0;
  void *probe = mmap(NULL, count + SLACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return 0;
  munmap(probe, count + SLACK);
  return 1;
}

void *platform_allocate(size_t count) {
  // aligned_alloc requires a multiple of the alignment.
  if (count > SIZE_MAX - 63) return NULL;
  size_t rounded = (count + 63) & ~(size_t)63;
  void *memory = aligned_alloc(64, rounded ? rounded : 64);
  if (!memory || count < LARGE || platform_has_memory(0)) return memory;
  free(memory);
  return NULL;
}

void *platform_allocate_tensor(size_t count) {
  return count < 1024 ? malloc(count ? count : 1) : platform_allocate(count);
}

void platform_free(void *memory) { free(memory); }

#ifdef __GLIBC__
static bool returns_freed_memory;
#endif

void platform_return_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, PLATFORM_RETURNED_BYTES);
  // An arena of another thread reserves 64 MiB of addresses. Where these are limited, threads share one.
  struct rlimit addresses;
  if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY) mallopt(M_ARENA_MAX, 1);
  returns_freed_memory = true;
#endif
}

void platform_out_of_memory(size_t count) {
  // No printf: the field program does not have it, and it might allocate.
  static const char before[] = ": out of memory: ", after[] = " more bytes are not to be had\n";
  char digits[20];
  size_t first = sizeof digits;
  do {
    digits[--first] = (char)('0' + count % 10);
    count /= 10;
  } while (count > 0);
  platform_write(STDERR_FILENO, program_invocation_short_name, strlen(program_invocation_short_name));
  platform_write(STDERR_FILENO, before, sizeof before - 1);
  platform_write(STDERR_FILENO, digits + first, sizeof digits - first);
  platform_write(STDERR_FILENO, after, sizeof after - 1);
  exit(1);
}

enum { HUGE_PAGE = 2 << 20 };

// Page-aligned: the size need not be a multiple of huge pages; the end uses small pages.
void *platform_allocate_region(size_t count) {
#ifdef __GLIBC__
  // Weights and activations are about to come. What reading and optimising a model has left free between smaller blocks would
  // stay beside them.
  if (returns_freed_memory) malloc_trim(0);
#endif
  if (count < HUGE_PAGE) return platform_allocate(count);
  if (count > SIZE_MAX - 2 * HUGE_PAGE) return NULL;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (count + page - 1) & ~(page - 1), most = size + HUGE_PAGE;
  char *mapped = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return NULL;
  char *start = (char *)(((uintptr_t)mapped + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
  if (start > mapped) munmap(mapped, (size_t)(start - mapped));
  const size_t behind = most - (size_t)(start - mapped) - size;
  if (behind > 0) munmap(start + size, behind);
  if (!platform_has_memory(0)) {
    munmap(start, size);
    return NULL;
  }
  madvise(start, size, MADV_HUGEPAGE);
  return start;
}

long platform_region_page(size_t count) { return count < HUGE_PAGE ? sysconf(_SC_PAGESIZE) : HUGE_PAGE; }

void platform_free_region(void *memory, size_t count) {
  if (count < HUGE_PAGE) {
    platform_free(memory);
  } else {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(memory, (count + page - 1) & ~(page - 1));
  }
}

int platform_read_file(const char *path, size_t limit, void **bytes, size_t *count) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // opening a pipe must not block
  if (file < 0) return errno;
  struct stat info;
  int error = 0;
  char *memory = NULL;
  if (fstat(file, &info) != 0) {
    error = errno;
  } else if (!S_ISREG(info.st_mode)) {
    error = PLATFORM_NOT_A_FILE;
  } else if ((uint64_t)info.st_size > limit) {
    error = PLATFORM_TOO_LARGE;
  } else if (!(memory = platform_allocate((size_t)info.st_size))) {
    error = ENOMEM;
  }
  size_t filled = 0;
  while (!error && filled < (size_t)info.st_size) {
    ssize_t n = read(file, memory + filled, (size_t)info.st_size - filled);
    if (n < 0 && errno != EINTR) error = errno;
    if (n == 0) break;  // shorter than its size: the parser will report it
    if (n > 0) filled += (size_t)n;
  }
  close(file);
  if (error) {
    free(memory);
    return error;
  }
  *bytes = memory;
  *count = filled;
  return 0;
}

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

int platform_path_kind(const char *path, uint64_t *device, uint64_t *inode) {
  struct stat info;
  if (stat(path, &info) != 0) return errno;
  *device = info.st_dev;
  *inode = info.st_ino;
  return S_ISREG(info.st_mode) ? PLATFORM_IS_FILE : S_ISDIR(info.st_mode) ? PLATFORM_IS_DIRECTORY : PLATFORM_IS_OTHER;
}

int platform_path_state(const char *path, uint64_t *inode, uint64_t *size, int64_t *changed) {
  struct stat info;
  if (stat(path, &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return PLATFORM_NOT_A_FILE;
  *inode = info.st_ino;
  *size = (uint64_t)info.st_size;
  *changed = nanoseconds(info.st_mtim);
  return 0;
}

int platform_sync_folder(const char *path) {
  char folder[PATH_MAX] = ".";
  const char *slash = strrchr(path, '/');
  const size_t length = slash ? (size_t)(slash - path) + 1 : 0;
  if (length >= sizeof folder) return ENAMETOOLONG;
  if (length > 0) {
    memcpy(folder, path, length);
    folder[length] = 0;
  }
  const int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return errno == EACCES ? 0 : errno;
  const int error = fsync(opened) != 0 && errno != EINVAL && errno != ENOTSUP ? errno : 0;
  close(opened);
  return error;
}

int platform_make_folder(const char *path) {
  struct stat info;
  if (mkdir(path, 0777) == 0) return platform_sync_folder(path);
  const int error = errno;
  return error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? 0 : error;
}

void *platform_directory_open(const char *path, int *error) {
  DIR *directory = opendir(path);
  *error = directory ? 0 : errno;
  return directory;
}

const char *platform_directory_next(void *directory) {
  struct dirent *entry;
  while ((entry = readdir(directory)))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return entry->d_name;
  return NULL;
}

void platform_directory_close(void *directory) { closedir(directory); }

static int check_regular(int opened, int *file, uint64_t *size) {
  struct stat info;
  int error = fstat(opened, &info) != 0 ? errno : S_ISREG(info.st_mode) ? 0 : PLATFORM_NOT_A_FILE;
  if (error) {
    close(opened);
    return error;
  }
  *file = opened;
  *size = (uint64_t)info.st_size;
  return 0;
}

int platform_open_file(const char *path, int *file, uint64_t *size) {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return opened < 0 ? errno : check_regular(opened, file, size);
}

int platform_open_beneath(const char *folder, const char *path, int *file, uint64_t *size) {
  int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return errno;
  for (;;) {
    char name[256];
    size_t length = strcspn(path, "/");
    if (length == 0 || length >= sizeof name || (length == 2 && path[0] == '.' && path[1] == '.')) {
      close(at);
      return length >= sizeof name ? ENAMETOOLONG : PLATFORM_NOT_A_FILE;
    }
    memcpy(name, path, length);
    name[length] = 0;
    int last = path[length] == 0;
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    int next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY));
    int error = errno;
    close(at);
    // ELOOP: a link. ENOTDIR: a file or a link instead of a folder. ENXIO: a socket.
    if (next < 0) return error == ELOOP || error == ENOTDIR || error == ENXIO ? PLATFORM_NOT_A_FILE : error;
    at = next;
    if (last) break;
    path += length + 1;
  }
  return check_regular(at, file, size);
}

int platform_file_state(int file, uint64_t *size, int64_t *changed) {
  struct stat info;
  if (fstat(file, &info) != 0) return errno;
  *size = (uint64_t)info.st_size;
  *changed = nanoseconds(info.st_mtim);
  return 0;
}

int platform_read_at(int file, uint64_t offset, void *bytes, size_t count) {
  char *next = bytes;
  while (count > 0) {
    ssize_t n = pread(file, next, count, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return PLATFORM_NOT_A_FILE;
    next += n;
    offset += (uint64_t)n;
    count -= (size_t)n;
  }
  return 0;
}

void platform_close(int file) { close(file); }

double platform_exp(double x) { return exp(x); }
float platform_expf(float x) { return expf(x); }
double platform_log(double x) { return log(x); }
float platform_logf(float x) { return logf(x); }
double platform_pow(double x, double y) { return pow(x, y); }
double platform_expm1(double x) { return expm1(x); }
double platform_log1p(double x) { return log1p(x); }
double platform_erf(double x) { return erf(x); }
double platform_erfc(double x) { return erfc(x); }
double platform_tanh(double x) { return tanh(x); }
double platform_sin(double x) { return sin(x); }
double platform_cos(double x) { return cos(x); }
double platform_tan(double x) { return tan(x); }
double platform_asin(double x) { return asin(x); }
double platform_acos(double x) { return acos(x); }
double platform_atan(double x) { return atan(x); }
double platform_sinh(double x) { return sinh(x); }
double platform_cosh(double x) { return cosh(x); }
double platform_asinh(double x) { return asinh(x); }
double platform_acosh(double x) { return acosh(x); }
double platform_atanh(double x) { return atanh(x); }
double platform_fmod(double x, double y) { return fmod(x, y); }

long platform_peak_rss_kib(void) {
  int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[4096];
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  text[count > 0 ? count : 0] = 0;
  const char *next = strstr(text, "VmHWM:");
  if (!next) return 0;
  next += strcspn(next, "0123456789");
  long peak = 0;
  for (; *next >= '0' && *next <= '9'; next++) peak = peak * 10 + (*next - '0');
  return peak;
}

static int argument_count;
static char **arguments;

void platform_keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

int platform_argument_count(void) { return argument_count; }

const char *platform_argument(int index) { return index < argument_count ? arguments[index] : ""; }

void platform_exit(int status) { exit(status); }
