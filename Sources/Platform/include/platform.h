// What the Swift side needs of libc, and nothing else: files, memory, clocks, threads, number formatting.
// Embedded Swift has no Foundation and no Glibc overlay; this shim is the one door.
#ifndef GIEMSA_PLATFORM_H
#define GIEMSA_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

// Numbers as text. Returns the length written (without the terminating zero), at most size - 1.
size_t platform_format_fixed(char *buffer, size_t size, double value, int digits);  // as "%.*f"
// The fewest digits that read back as the same float, or the same double where no float is the same: 0.1, 100, 1e-05.
size_t platform_format_shortest(char *buffer, size_t size, double value);
// Parses the whole of `text` as a decimal number, `inf` or `nan`. Returns 0, or -1 if it is anything else or more.
int platform_parse_double(const char *text, double *value);

// Seconds on a clock that only goes forward.
double platform_seconds(void);

// Writes all bytes to a file descriptor; 0 on success, else errno.
int platform_write(int descriptor, const void *bytes, size_t count);
// The same to standard output. The first failure is remembered, and after it nothing is written: half a table with a hole
// in it would be worse than a table cut off. Returns that failure, 0 if there was none.
int platform_output(const void *bytes, size_t count);
int platform_output_failure(void);
// 1 for the errno value that says that nobody reads the pipe any more.
int platform_is_closed_pipe(int error);
// Puts something that refuses to be written (or read) where a standard stream is closed, so that no file that is opened
// later gets its number and a program's answers with it. Before anything is opened.
void platform_keep_standard_streams(void);
// 1 if the descriptor is a terminal.
int platform_is_terminal(int descriptor);

// The message of an errno value; lives for ever.
const char *platform_error_text(int error);

// Reads a whole regular file into 64-byte aligned malloc'd memory (free with platform_free).
// `limit` is the largest size accepted. Returns 0, an errno value, or one of the two below.
#define PLATFORM_NOT_A_FILE (-1)
#define PLATFORM_TOO_LARGE (-2)
int platform_read_file(const char *path, size_t limit, void **bytes, size_t *count);

// What `path` is, following links: one of the three below, or an errno value. For a directory `device` and `inode`
// identify it, so that a walk can tell where it has been.
#define PLATFORM_IS_FILE (-1)
#define PLATFORM_IS_DIRECTORY (-2)
#define PLATFORM_IS_OTHER (-3)
int platform_path_kind(const char *path, uint64_t *device, uint64_t *inode);

// Lists a directory: open returns NULL (and sets *error to an errno value) or a handle; next returns a name other than
// `.` and `..`, valid until the next call, or NULL at the end; close ends it.
void *platform_directory_open(const char *path, int *error);
const char *platform_directory_next(void *directory);
void platform_directory_close(void *directory);

// Opens a regular file for reading and gives its size. Returns 0, an errno value, or PLATFORM_NOT_A_FILE.
int platform_open_file(const char *path, int *file, uint64_t *size);
// Opens the regular file `path` beneath the folder `folder` without following a link in any component of `path`,
// which must be relative and free of "..". Gives its size. Returns 0, an errno value, or PLATFORM_NOT_A_FILE.
int platform_open_beneath(const char *folder, const char *path, int *file, uint64_t *size);
// Reads exactly `count` bytes at `offset`. 0, an errno value, or PLATFORM_NOT_A_FILE where the file ends before.
int platform_read_at(int file, uint64_t offset, void *bytes, size_t count);
void platform_close(int file);

// Writes `bytes` to a temporary file beside `path` and renames it over `path`, so that a reader sees the old file or
// the new one and never half of either. Returns 0 or an errno value; on failure the temporary file is gone. Links are
// followed: what they lead to is replaced. A pipe or a device is written to as it is.
//
// A signal that ends the program removes the temporary file; what a kill -9 or a power cut leaves, `.NAME.giemsa-0`, is
// taken over by the next writer of the same file.
int platform_replace_file(const char *path, const void *bytes, size_t count);

// The same in pieces, for what is not in memory at once: `begin` opens the new file, `commit` gives it its name (flushed
// to the disk before, unless `is_urgent`), `abandon` removes it. 0 on success, else errno; a failed commit has removed it.
int platform_replace_begin(const char *path, int *file);
int platform_replace_commit(int file, int is_urgent);
void platform_replace_abandon(int file);

// 64-byte aligned memory; NULL when there is none, or would be none left for small things.
void *platform_allocate(size_t count);
void platform_free(void *memory);
// Whether `count` bytes could be had and something would be left: to be asked before a large Swift array is made, whose
// allocation cannot fail in any other way than by ending the program.
int platform_has_memory(size_t count);

// Says on standard error that there is no memory for `count` bytes, and ends the program with status 1 (what is to be done at
// its exit is done): for places that have nobody to tell.
_Noreturn void platform_out_of_memory(size_t count);
// The same for what is large and lives long: whole huge pages where the system has them, so that touching it is some
// hundred times fewer page faults, and given back to the system at once.
void *platform_allocate_region(size_t count);
void platform_free_region(void *memory, size_t count);

// Float arithmetic that Embedded Swift has no overlay for.
double platform_exp(double x);
float platform_expf(float x);
double platform_log(double x);
float platform_logf(float x);
double platform_pow(double x, double y);

// A thread that runs `body` once; NULL where there is none to have. Join it: that waits for its end.
void *platform_thread_start(void (*body)(void *context), void *context);
void platform_thread_join(void *thread);
// A counter that waits rather than go below 0; NULL where memory runs out.
void *platform_semaphore_create(unsigned count);
void platform_semaphore_wait(void *semaphore);
void platform_semaphore_post(void *semaphore);
void platform_semaphore_destroy(void *semaphore);

// Peak resident memory of this process in KiB (VmHWM).
long platform_peak_rss_kib(void);

// Ends the process.
_Noreturn void platform_exit(int status);

// The program's arguments, as main got them. A program whose entry is not glibc's hands them over first.
void platform_keep_arguments(int count, char **values);
int platform_argument_count(void);
const char *platform_argument(int index);

#endif
