// What the Swift side needs of libc: files, memory, clocks, threads, number formatting. Embedded Swift has no
// Foundation and no Glibc overlay, so all of it goes through this shim.
#ifndef GIEMSA_PLATFORM_H
#define GIEMSA_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

// Numbers as text. Return the length written, without the terminating zero: at most size - 1.
size_t platform_format_fixed(char *buffer, size_t size, double value, int digits);  // as "%.*f"
// The fewest digits that parse to the same float, or to the same double if the value is not a float: 0.1, 100, 1e-05.
size_t platform_format_shortest(char *buffer, size_t size, double value);
// Parses all of `text` as a decimal number, `inf` or `nan`. Returns 0, or -1 if it is anything else.
int platform_parse_double(const char *text, double *value);

// Seconds on a monotonic clock.
double platform_seconds(void);

// Sleeps for so long, or until a signal comes.
void platform_pause(double seconds);

// Writes all bytes to a file descriptor; 0 on success, else errno.
int platform_write(int descriptor, const void *bytes, size_t count);
// Writes all bytes to standard output. The first failure is remembered, and nothing is written after it, since a
// truncated table is better than one with a gap. Returns that failure, or 0.
int platform_output(const void *bytes, size_t count);
int platform_output_failure(void);
// 1 if the errno value means that the pipe's reader has gone.
int platform_is_closed_pipe(int error);
// Opens, in place of each closed standard stream, a descriptor on which writing (or reading) fails, so that no file
// opened later gets its number and receives the program's output. Call it before opening anything.
void platform_keep_standard_streams(void);
// 1 if the descriptor is a terminal.
int platform_is_terminal(int descriptor);

// 1 if the errno value means that there is no such file or folder.
int platform_is_missing(int error);
// The message of an errno value, in static storage.
const char *platform_error_text(int error);

// Reads a whole regular file into 64-byte aligned malloc'd memory (free with platform_free). `limit` is the largest
// accepted size. Returns 0, an errno value, or one of the two below.
#define PLATFORM_NOT_A_FILE (-1)
#define PLATFORM_TOO_LARGE (-2)
int platform_read_file(const char *path, size_t limit, void **bytes, size_t *count);

// The type of `path`, following links: one of the three below, or an errno value. For a directory, `device` and `inode`
// identify it, so that a walk can detect directories it has already visited.
#define PLATFORM_IS_FILE (-1)
#define PLATFORM_IS_DIRECTORY (-2)
#define PLATFORM_IS_OTHER (-3)
int platform_path_kind(const char *path, uint64_t *device, uint64_t *inode);

// Which regular file `path` leads to, its size and the time of its last change in nanoseconds: together they tell whether it
// was written to or replaced. Returns 0, an errno value, or PLATFORM_NOT_A_FILE.
int platform_path_state(const char *path, uint64_t *inode, uint64_t *size, int64_t *changed);

// Makes the folder `path` unless it exists, and waits until its name is on the disk. Returns 0 or an errno value.
int platform_make_folder(const char *path);

// Waits until the names in the folder that holds `path` are on the disk: a new or renamed file is lost in a power cut
// before that. `path` must not end in a slash. Returns 0 or an errno value; 0 also where a folder may not be read or cannot
// be synced.
int platform_sync_folder(const char *path);

// Lists a directory. open returns a handle, or NULL with *error set to an errno value. next returns a name other than
// `.` and `..`, valid until the next call, or NULL at the end. close frees the handle.
void *platform_directory_open(const char *path, int *error);
const char *platform_directory_next(void *directory);
void platform_directory_close(void *directory);

// Opens a regular file for reading and returns its size in *size. Returns 0, an errno value, or PLATFORM_NOT_A_FILE.
int platform_open_file(const char *path, int *file, uint64_t *size);
// Opens the regular file `path` beneath the folder `folder` without following a link in any component of `path`, which
// must be relative and free of "..". Returns its size in *size. Returns 0, an errno value, or PLATFORM_NOT_A_FILE.
int platform_open_beneath(const char *folder, const char *path, int *file, uint64_t *size);
// Size and time of the last change of an open file, in nanoseconds. Returns 0 or an errno value.
int platform_file_state(int file, uint64_t *size, int64_t *changed);
// Reads exactly `count` bytes at `offset`. Returns 0, an errno value, or PLATFORM_NOT_A_FILE if the file is shorter.
int platform_read_at(int file, uint64_t offset, void *bytes, size_t count);
void platform_close(int file);

// Writes `bytes` to a temporary file beside `path`, syncs it, renames it to `path` and syncs the folder, so that a reader,
// and a power cut, finds either the old file or the new one, never a part. Returns 0 or an errno value; on failure the
// temporary file is removed. Links are followed: the file they lead to is replaced. A pipe or a device is written to
// directly.
//
// A signal that ends the program removes the temporary file. What remains after kill -9 or a power cut,
// `.NAME.giemsa-0`, is reused by the next writer of the same file.
int platform_replace_file(const char *path, const void *bytes, size_t count);

// The same in pieces, for data that is not in memory at once: `begin` opens the new file, `commit` renames it (after a
// sync, unless `is_urgent`) and syncs its folder, `abandon` removes it. They return 0 or an errno value; a failed commit
// has removed the new file, unless only its folder could not be synced.
int platform_replace_begin(const char *path, int *file);
int platform_replace_commit(int file, int is_urgent);
void platform_replace_abandon(int file);

// Opens a file to which pieces are added after its first `keep` bytes; the rest is cut off. A missing file is created; a
// pipe or a device is written to as it is. Returns 0 or an errno value: EBUSY if another process adds to it. `append`
// returns after the piece is on the disk, or has cut off the part that was written. platform_close closes the file.
int platform_append_begin(const char *path, uint64_t keep, int *file);
int platform_append(int file, const void *bytes, size_t count);
// The first piece of a file that was begun with all it had: it replaces an earlier file, as platform_replace_file does.
int platform_append_anew(const char *path, const void *bytes, size_t count, int *file);

// From now on the first SIGINT, SIGTERM, SIGHUP or SIGQUIT only sets a mark (unless it is ignored), so that the work in hand can be
// finished. `stopped_by` is the signal's number, or 0; `stop` ends the process by that signal, as without the mark.
void platform_catch_stops(void);
int platform_stopped_by(void);
_Noreturn void platform_stop(void);

// Allocates 64-byte aligned memory. NULL if there is not enough, or if too little would remain for small allocations.
void *platform_allocate(size_t count);
// The same for a tensor's elements: small blocks are 16-byte aligned. glibc leaves up to 2 KiB free beside each small block
// that is aligned to more, and a graph may have a hundred thousand scalars.
void *platform_allocate_tensor(size_t count);
void platform_free(void *memory);
// From now on blocks of that size and more go back to the system when they are freed. glibc raises that limit to the largest
// block freed so far: weights that were merged and packed would then stay in memory. Where addresses are limited, threads share
// one arena. For a program that opens one model and runs it.
enum { PLATFORM_RETURNED_BYTES = 256 << 10 };
void platform_return_freed_memory(void);
// Whether `count` bytes can be allocated with some memory to spare. To be called before creating a large Swift array,
// whose failed allocation would end the program.
int platform_has_memory(size_t count);

// Reports on standard error, behind the program's name, that `count` bytes cannot be allocated, and exits with status 1 (exit
// handlers run). For places that cannot return an error.
_Noreturn void platform_out_of_memory(size_t count);
// Allocates large, long-lived memory: in whole huge pages if the system has them, which causes some hundred times fewer
// page faults, and returned to the system when freed.
void *platform_allocate_region(size_t count);
// The pages of such memory: large ones, but for what is behind the last whole one.
long platform_region_page(size_t count);
void platform_free_region(void *memory, size_t count);

// Float functions that Embedded Swift has no overlay for.
double platform_exp(double x);
float platform_expf(float x);
double platform_log(double x);
float platform_logf(float x);
double platform_pow(double x, double y);
double platform_expm1(double x);
double platform_log1p(double x);
double platform_erf(double x);
double platform_erfc(double x);
double platform_tanh(double x);
double platform_sin(double x);
double platform_cos(double x);
double platform_tan(double x);
double platform_asin(double x);
double platform_acos(double x);
double platform_atan(double x);
double platform_sinh(double x);
double platform_cosh(double x);
double platform_asinh(double x);
double platform_acosh(double x);
double platform_atanh(double x);
// The remainder of x / y truncated, with the sign of x.
double platform_fmod(double x, double y);

// Starts a thread that runs `body` once; NULL if none can be created. Joining waits for its end.
void *platform_thread_start(void (*body)(void *context), void *context);
void platform_thread_join(void *thread);
// A counting semaphore; NULL if memory runs out.
void *platform_semaphore_create(unsigned count);
void platform_semaphore_wait(void *semaphore);
void platform_semaphore_post(void *semaphore);
void platform_semaphore_destroy(void *semaphore);

// Peak resident memory of this process in KiB (VmHWM).
long platform_peak_rss_kib(void);

// Exits the process.
_Noreturn void platform_exit(int status);

// The program's arguments as passed to main, once platform_keep_arguments has set them (module ProgramStart).
void platform_keep_arguments(int count, char **values);
int platform_argument_count(void);
const char *platform_argument(int index);

#endif
