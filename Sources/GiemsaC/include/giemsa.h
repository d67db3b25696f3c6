// giemsa.h: runs ONNX models and classifies pictures. For C99 and C++.
//
//   giemsa_model *model;
//   giemsa_session *session;
//   giemsa_open("cells.onnx", NULL, &model);
//   giemsa_session_create(model, NULL, 0, &session);
//   giemsa_run(session, &(giemsa_input){pixels, sizeof pixels}, 1, &(giemsa_output){scores, sizeof scores}, 1);
//
// Errors. A function that can fail returns GIEMSA_OK (0) or one of the other statuses, and writes its results only when it
// returns GIEMSA_OK. giemsa_message() then says what was wrong, in one line. A NULL where this file does not allow it is
// GIEMSA_BAD_ARGUMENT, never a crash. What cannot be checked: that a pointer which is not NULL is good, and that a handle
// was not freed before.
//
// Threads. A giemsa_model may be used by any number of threads at once. A giemsa_session and a giemsa_classifier may be
// used by one thread at a time; give each thread its own. All sessions of a model share its weights.
//
// Memory. What a function creates, the function named in its comment frees. Strings and arrays that a function returns
// belong to the handle, and live as long as it does unless the comment says otherwise. A model, its sessions and its
// classifiers may be freed in any order.
//
// Stability. Functions, numbers and the order of struct members never change; later versions add functions, and members at
// the ends of structs that begin with `size`.
#ifndef GIEMSA_H
#define GIEMSA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Version of this interface. A library of a later version serves programs that were compiled for an earlier one.
#define GIEMSA_INTERFACE_VERSION 1

// The library's version: `1.2.3`. Any thread; lives for ever.
const char *giemsa_version(void);

// The instruction set that kernels use: `portable`, `avx2`, `avx512`, `neon`. Any thread; lives for ever.
const char *giemsa_instruction_set(void);

// ---- Errors ----

typedef int32_t giemsa_status;
enum {
  GIEMSA_OK = 0,
  GIEMSA_BAD_ARGUMENT = 1,  // a NULL, an index, a name or a number that is out of range
  GIEMSA_BAD_SIZE = 2,      // a buffer of another size than planned, or not aligned to its elements
  GIEMSA_UNREADABLE = 3,    // a file that cannot be read
  GIEMSA_BAD_MODEL = 4,     // bytes that are no ONNX model, or one that cannot be run; giemsa_code() tells more
  GIEMSA_BAD_SHAPE = 5,     // a shape that does not fit the model, or that is missing
  GIEMSA_BAD_PICTURE = 6,   // a picture that cannot be decoded or prepared
  GIEMSA_NO_ANSWER = 7,     // scores that are NaN or infinite
  GIEMSA_NO_MEMORY = 8      // not enough memory, or more than the limit in giemsa_options
};

// Describes the last failure of any function on the calling thread, in one line of UTF-8; "" before the first. It lives
// until the thread's next failure.
const char *giemsa_message(void);

// Code of the model's problem in the last failure on the calling thread: 204 for E204 (docs/CODES.md); 0 for other
// failures.
int32_t giemsa_code(void);

// ---- Models ----

// An ONNX model that was read, checked and optimised.
typedef struct giemsa_model giemsa_model;

typedef int32_t giemsa_memory;
enum {
  GIEMSA_MEMORY_SMALL = 0,     // packed weights take no more than the weights themselves
  GIEMSA_MEMORY_BALANCED = 1,  // about half as much again, where that gains most
  GIEMSA_MEMORY_FAST = 2       // whatever is fastest
};

// What convolutions and matrix products of floats with constant weights are multiplied in. Their sums are floats.
typedef int32_t giemsa_precision;
enum {
  GIEMSA_PRECISION_FLOAT = 0,
  GIEMSA_PRECISION_BF16 = 1  // the upper half of a float, where the processor multiplies these faster
};

// How a model is planned. Fill it with giemsa_options_init first.
typedef struct giemsa_options {
  size_t size;             // sizeof(giemsa_options)
  int32_t threads;         // that share one run, the caller's counted: 1 to 1024; 1
  giemsa_memory memory;    // GIEMSA_MEMORY_BALANCED
  int32_t exact;           // not 0: no Winograd convolutions, so smaller rounding errors, slower; 0
  int32_t batch;           // first axis of inputs that leave it open: 1 to 4096; 1
  int32_t picture_height;  // last two axes of inputs of four that leave them open, in pixels: 1 to 16384, or 0: not
  int32_t picture_width;   // given; 0
  uint64_t memory_limit;   // bytes that a run may take besides the weights, for each picture of a batch; 512 MiB
  const char *trusted_key; // path of a minisign public key that must have signed the file (docs/CODES.md, E118), or NULL
  giemsa_precision precision; // GIEMSA_PRECISION_FLOAT
} giemsa_options;

// Writes the defaults. `size` is sizeof(giemsa_options): no more bytes are written. NULL, or a size beyond 4096, does
// nothing. Any thread.
void giemsa_options_init(giemsa_options *options, size_t size);

// Opens an ONNX file: reads, checks, optimises, and plans unless a shape is left open. The file stays open while the model
// lives.
//
// options  NULL: the defaults
// *model   free it with giemsa_close
//
// Any thread. GIEMSA_UNREADABLE, GIEMSA_BAD_MODEL, GIEMSA_BAD_SHAPE, GIEMSA_NO_MEMORY, GIEMSA_BAD_ARGUMENT.
giemsa_status giemsa_open(const char *path, const giemsa_options *options, giemsa_model **model);

// The same for an ONNX file of `count` bytes in memory. The model keeps a copy: the caller may free `bytes`. Data in
// other files is refused.
giemsa_status giemsa_open_memory(const void *bytes, size_t count, const giemsa_options *options, giemsa_model **model);

// Frees a model once its sessions and classifiers are freed too. NULL does nothing. Any thread, once.
void giemsa_close(giemsa_model *model);

typedef int32_t giemsa_type;
enum {
  GIEMSA_FLOAT32 = 0,
  GIEMSA_FLOAT64 = 1,
  GIEMSA_INT8 = 2,
  GIEMSA_UINT8 = 3,
  GIEMSA_INT32 = 4,
  GIEMSA_INT64 = 5,
  GIEMSA_BOOL = 6,     // one byte, 0 or 1
  GIEMSA_FLOAT16 = 7,  // IEEE 754 binary16
  GIEMSA_BFLOAT16 = 8, // the upper half of a float32
  GIEMSA_INT16 = 9,
  GIEMSA_UINT16 = 10,
  GIEMSA_UINT32 = 11,
  GIEMSA_UINT64 = 12
};

// An input or output. Set `size`, then ask.
typedef struct giemsa_tensor {
  size_t size;             // sizeof(giemsa_tensor)
  const char *name;        // UTF-8
  giemsa_type type;
  size_t rank;             // axes
  const int64_t *extents;  // `rank` of them, outermost first; of a model, -1 where the file leaves one open
  size_t byte_count;       // of all elements, row-major; 0 while an extent is open
} giemsa_tensor;

// How many there are; 0 for NULL. Any thread.
size_t giemsa_input_count(const giemsa_model *model);
size_t giemsa_output_count(const giemsa_model *model);

// Input or output `index`, as the file declares it. Any thread. GIEMSA_BAD_ARGUMENT.
giemsa_status giemsa_model_input(const giemsa_model *model, size_t index, giemsa_tensor *tensor);
giemsa_status giemsa_model_output(const giemsa_model *model, size_t index, giemsa_tensor *tensor);

// The index of the input or output with that name, compared byte by byte. Any thread. GIEMSA_BAD_ARGUMENT.
giemsa_status giemsa_find_input(const giemsa_model *model, const char *name, size_t *index);
giemsa_status giemsa_find_output(const giemsa_model *model, const char *name, size_t *index);

// The value of a key of the file's metadata_props (docs/METADATA.md); NULL if it has none, or for a NULL argument. Any
// thread.
const char *giemsa_metadata(const giemsa_model *model, const char *key);

// How many keys there are, 0 for NULL, and each of them in the file's order; NULL for a bad index. Any thread.
size_t giemsa_metadata_count(const giemsa_model *model);
const char *giemsa_metadata_key(const giemsa_model *model, size_t index);

// ---- Runs ----

// Runs a model. Its memory for activations is taken once and used by every run.
typedef struct giemsa_session giemsa_session;

typedef struct giemsa_shape {
  const int64_t *extents;  // outermost first
  size_t rank;
} giemsa_shape;

// A session for input shapes in the model's order.
//
// shapes    NULL with `count` 0: what the file declares, completed by the options that the model was opened with
// count     the model's inputs
// *session  free it with giemsa_session_free
//
// Any thread. GIEMSA_BAD_SHAPE, GIEMSA_BAD_MODEL, GIEMSA_NO_MEMORY, GIEMSA_BAD_ARGUMENT.
giemsa_status giemsa_session_create(giemsa_model *model, const giemsa_shape *shapes, size_t count,
                                    giemsa_session **session);

// Plans the session for other shapes; on failure the old plan stays. Extents that giemsa_session_input and
// giemsa_session_output returned before are no longer valid. As giemsa_session_create; the session's thread.
giemsa_status giemsa_session_reshape(giemsa_session *session, const giemsa_shape *shapes, size_t count);

// NULL does nothing. The session's thread, once.
void giemsa_session_free(giemsa_session *session);

// Input or output `index` as planned: every extent is known. The extents live until the session is reshaped. The session's
// thread. GIEMSA_BAD_ARGUMENT.
//
// An output whose shape depends on values (NonMaxSuppression) is the exception: its extents are -1 and its byte_count is 0
// until a run, and then those of the last run, until the next.
giemsa_status giemsa_session_input(const giemsa_session *session, size_t index, giemsa_tensor *tensor);
giemsa_status giemsa_session_output(const giemsa_session *session, size_t index, giemsa_tensor *tensor);

// Row-major elements of an input, aligned to the size of one element.
typedef struct giemsa_input {
  const void *data;
  size_t byte_count;
} giemsa_input;

// Room for an output, aligned alike. It may overlap no input and no other output. NULL and 0 for an output whose shape only a
// run finds: giemsa_session_output_data has it afterwards.
typedef struct giemsa_output {
  void *data;
  size_t byte_count;
} giemsa_output;

// Runs the model on the caller's memory, in the order of the model's inputs and outputs. The library keeps no pointer.
//
// The session's thread. GIEMSA_BAD_SIZE; GIEMSA_BAD_ARGUMENT, also if an operator cannot compute with an input's value (an
// index of Gather that is out of range); GIEMSA_BAD_MODEL and GIEMSA_NO_MEMORY only for models with operators that have no
// kernel. After a failure the contents of the outputs are undefined.
giemsa_status giemsa_run(giemsa_session *session, const giemsa_input *inputs, size_t input_count,
                         const giemsa_output *outputs, size_t output_count);

// The row-major elements of an output whose shape only a run finds, as the last run left them. They live until the next run
// of the session, or until it is reshaped. NULL for any other output, for a bad index, and before the first run. The
// session's thread.
const void *giemsa_session_output_data(const giemsa_session *session, size_t index);

// Describes the last failure of a call on this session, as giemsa_message does, until the next one; "" before the first,
// or for NULL. The session's thread.
const char *giemsa_session_message(const giemsa_session *session);

// ---- Pictures ----

// Tells what pictures show: prepares each as the model's file says, runs the model, gives a probability for each class.
typedef struct giemsa_classifier giemsa_classifier;

// What the file does not say of its pictures. Fill it with giemsa_picture_options_init first.
typedef struct giemsa_picture_options {
  size_t size;                 // sizeof(giemsa_picture_options)
  int32_t height;              // of the model's input in pixels, 0: what the file says; 0
  int32_t width;               // both or none
  const float *mean;           // of red, green and blue from 0 to 1, three numbers (equal ones for greys); NULL
  const float *std;            // alike; NULL
  const char *const *classes;  // names in the order of the scores; NULL
  size_t class_count;          // 0
  int32_t overrides;           // not 0: these count more than the file; 0: one that contradicts it is an error
} giemsa_picture_options;

// Writes the defaults. `size` is sizeof(giemsa_picture_options). NULL does nothing. Any thread.
void giemsa_picture_options_init(giemsa_picture_options *options, size_t size);

// A classifier for a model of one input, float32 [N, channels, height, width] or [N, height, width, channels] with 3 channels
// or 1 (grey), and a score for each class.
//
// options      NULL: the file says everything; what it points to may be freed afterwards
// *classifier  free it with giemsa_classifier_free
//
// Any thread. GIEMSA_BAD_MODEL, GIEMSA_BAD_SHAPE, GIEMSA_NO_MEMORY, GIEMSA_BAD_ARGUMENT.
giemsa_status giemsa_classifier_create(giemsa_model *model, const giemsa_picture_options *options,
                                       giemsa_classifier **classifier);

// NULL does nothing. The classifier's thread, once.
void giemsa_classifier_free(giemsa_classifier *classifier);

// How many classes there are; 0 for NULL. The classifier's thread.
size_t giemsa_class_count(const giemsa_classifier *classifier);

// The name of a class, UTF-8: `0`, `1`, … if nobody names them. NULL for a bad index. The classifier's thread.
const char *giemsa_class_name(const giemsa_classifier *classifier, size_t index);

// The class that a picture counts as: the positive class if its probability reaches the file's giemsa.threshold,
// otherwise the likeliest. Set `size`, then ask.
typedef struct giemsa_answer {
  size_t size;             // sizeof(giemsa_answer)
  size_t class_index;      // the first of equally likely ones
  const char *class_name;  // belongs to the classifier
  double probability;      // of that class
} giemsa_answer;

// What a picture file shows: PNG, JPEG or BMP, by its first bytes, displayed as its orientation says.
//
// answer         NULL: not wanted
// probabilities  room for `count` numbers, one for each class, which add up to 1; NULL with `count` 0: not wanted
//
// The classifier's thread. GIEMSA_UNREADABLE, GIEMSA_BAD_PICTURE, GIEMSA_NO_ANSWER, GIEMSA_NO_MEMORY, GIEMSA_BAD_SIZE (count
// is not the number of classes), GIEMSA_BAD_ARGUMENT.
giemsa_status giemsa_classify_file(giemsa_classifier *classifier, const char *path, giemsa_answer *answer,
                                   double *probabilities, size_t count);

// The same for a picture file of `byte_count` bytes in memory.
giemsa_status giemsa_classify_memory(giemsa_classifier *classifier, const void *bytes, size_t byte_count,
                                     giemsa_answer *answer, double *probabilities, size_t count);

// The same for pixels: red, green and blue, 8 bits each, rows from top to bottom. `row_bytes`, at least width × 3, is the
// distance between two rows. Sides from 1 to 16384, at most 100,000,000 pixels.
giemsa_status giemsa_classify_pixels(giemsa_classifier *classifier, const uint8_t *rgb, size_t width, size_t height,
                                     size_t row_bytes, giemsa_answer *answer, double *probabilities, size_t count);

// As giemsa_session_message. The classifier's thread.
const char *giemsa_classifier_message(const giemsa_classifier *classifier);

#ifdef __cplusplus
}
#endif

#endif
