// The inner loops of training: convolution forward and backward as implicit GEMM, batch normalisation, pooling,
// optimisers. Activations are NHWC ("pixels × channels"), everything is float32 but for what train_bf16_kernels say.
//
// Every loop is compiled once per instruction set from train_loops.inc; train_kernels_for_cpu() hands out the table for
// this machine. Functions that take (thread, threads) do that thread's share; the result does not depend on `threads`.
#ifndef GIEMSA_TRAINING_KERNELS_H
#define GIEMSA_TRAINING_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// Threads that wait for work.
//
// train_team_run calls work(context, thread, threads) on every member at once, the caller being thread 0, and returns
// when all have. One caller at a time.
typedef struct train_team train_team;
train_team *train_team_create(int threads);  // NULL when the system has no thread left
void train_team_destroy(train_team *team);
int train_team_size(const train_team *team);
void train_team_run(train_team *team, void (*work)(void *context, int thread, int threads), void *context);

// Output positions of one image that read the same taps, none of them in the padding. So small feature maps cost no
// multiplications by zero, and a stride in the backward pass none either.
typedef struct {
  int32_t positions;
  const int32_t *a_offset;  // [positions] floats from an image's start to the pixel that the first tap reads
  const int32_t *c_offset;  // [positions] floats from an image's start to the pixel that is written
  int32_t taps;             // 0: the positions read nothing
  const int32_t *tap_a;     // [taps] floats from the first tap's pixel to this tap's
  const int32_t *tap_b;     // [taps] which tap of the packed weights
} train_conv_class;

// c[position][column] = bias + sum over taps and k of a[position + tap][k] · b[tap][k][column].
//
// b  packed [panel][all taps][run][width] with `width` columns a panel (train_kernels.width), zeros past the last one.
typedef struct {
  const void *a, *b;  // float, or bf16 for train_bf16_kernels
  const float *bias;  // may be NULL
  void *c;  // float, or bf16 where c_narrow says so
  int64_t a_image, c_image;  // numbers from one image to the next
  int32_t images, run, taps, columns;
  int32_t accumulate;  // c += instead of c =
  int32_t classes;
  const train_conv_class *list;
  int32_t c_narrow;  // of train_bf16_kernels alone
} train_conv_job;

// A pixel of the input and the output position that reads it through some tap.
typedef struct {
  int32_t x;  // floats from the image's start
  int32_t position;
} train_pair;

// dw[tap][k][column] = sum over the tap's pairs of x[k] · dy[column]; dw is packed as train_conv_job's b.
typedef struct {
  const void *x, *dy;  // float, or bf16 for train_bf16_kernels
  float *dw;
  int64_t x_image, dy_image;  // numbers from one image to the next
  int32_t dy_pixel;           // numbers from one position to the next
  int32_t images, run, taps, columns, positions;
  int32_t accumulate;
  const int32_t *tap_start;  // [taps + 1] where each tap's pairs begin, sorted by position
  const train_pair *pairs;
  float *scratch;  // train_weight_gradient_scratch floats for each thread
} train_weight_job;

// A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3), forward or by the data or by the weights: a quarter of the
// multiplications. Rounding errors: in float below 1e-5 of the largest result (of weights, over 60,000 pixels, below
// 3e-5); in bf16 1 % of the results' size, four times those of plain sums.
// train_winograd_plan fills in what is decided, and says how much memory u, v, s and m need; then of train_winograd
//
//   by tiles   filters, tiles
//   by panels  for each block: inputs, panels
//   weights    for each block: inputs (with s), sums
//
// a block being count tiles from first on, and every call being made on all threads before the next.
typedef struct {
  // Geometry. At least 16 channels and 16 columns; of bf16 an even number of channels.
  int32_t images, height, width, out_height, out_width, pad_top, pad_left;
  int32_t channels, columns;  // of x, of the output
  int32_t turned;             // read the filters backwards: what the gradient by the data wants
  int32_t accumulate;
  const void *x;       // [images, height, width, channels]
  const void *y;       // weights alone: the slopes [images, out_height, out_width, columns]
  int32_t x_narrow, y_narrow;  // x, y are bf16, not float
  const float *w;      // packed [panel][9][channels][width], zeros past the last column
  const float *bias;   // may be NULL
  void *target;        // [images, out_height, out_width, columns], or the gradient packed as w
  int32_t target_narrow;  // the first of the two is bf16, not float
  const float *zeros;  // max(channels, columns) zeros

  // Decided by train_winograd_plan.
  int32_t tiles_down, tiles_across;
  int32_t by_panels;
  int64_t blocks, block;       // tiles at a time: of a thread (by tiles) or of all
  int64_t x_pitch, y_pitch;    // numbers from tile to tile
  int64_t x_stride, y_stride;  // and from point to point
  int32_t unit_panels, unit_channels;
  int64_t u_floats, v_floats, s_floats, m_floats;  // m: for each thread

  // Memory, 64-byte aligned. u holds floats where it is the sums of weights' gradients, else numbers, as v and s do.
  void *u, *v, *s;
  float *m;
  int64_t first, count;
} train_winograd_job;

typedef struct {
  int32_t number_bytes;  // of what is multiplied: 4, float, or 2, bf16
  void (*filters)(const train_winograd_job *job, int thread, int threads);
  void (*tiles)(const train_winograd_job *job, int thread, int threads);
  void (*inputs)(const train_winograd_job *job, int thread, int threads);
  void (*panels)(const train_winograd_job *job, int thread, int threads);
  void (*sums)(const train_winograd_job *job, int thread, int threads);
} train_winograd;

enum { TRAIN_WINOGRAD_TILES = 128 };

enum { TRAIN_WEIGHT_BLOCK = 256, TRAIN_WEIGHT_PANELS = 8 };

// Rows whose sums are taken together in float; the chunks are added in double.
enum { TRAIN_NORM_CHUNK = 512 };

// What norm_gradient does to dx, floats but for the last, which is bf16 and train_bf16_kernels' alone.
enum train_norm_target { TRAIN_NORM_WRITES, TRAIN_NORM_ADDS, TRAIN_NORM_NARROW };

// The same for x and y in float and in bf16.
typedef void (*train_norm_moments)(
    const void *x, int64_t rows, int channels, float *partials, int thread, int threads);
typedef void (*train_norm_gradient_sums)(
    const void *x, const void *dy, const void *y, void *masked, const float *mean, const float *scale, const float *shift,
    int64_t rows, int channels, int relu, int narrow, float *partials, int thread, int threads);
typedef void (*train_norm_gradient)(
    const void *x, const void *dy, void *dx, const float *a, const float *b, const float *c, const float *scale,
    const float *shift, int64_t rows, int channels, int relu, int narrow, enum train_norm_target target, int thread,
    int threads);

enum train_activation {
  TRAIN_RELU,          // max(x, 0)
  TRAIN_LEAKY_RELU,    // alpha: slope below 0
  TRAIN_CLIP,          // alpha, beta: bounds
  TRAIN_SIGMOID,
  TRAIN_HARD_SIGMOID,  // clamp(alpha · x + beta, 0, 1)
  TRAIN_HARD_SWISH,    // x · clamp(x / 6 + 1/2, 0, 1)
};

// Max pooling and average pooling windows.
typedef struct {
  int32_t images, channels;
  int32_t in_height, in_width, out_height, out_width;
  int32_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
  int32_t pad_top, pad_left;
} train_pool;

typedef struct {
  const char *name;
  int width;  // columns of a panel of packed weights

  // Convolutions.
  void (*convolve)(const train_conv_job *job, int thread, int threads);
  void (*weight_gradient)(const train_weight_job *job, int thread, int threads);
  // w packed [panel of outputs][taps][inputs][width] → t packed [panel of inputs][taps][outputs][width].
  void (*transpose_weights)(
      const float *w, float *t, int taps, int inputs, int outputs, int thread, int threads);
  train_winograd winograd;
  // One filter per channel: w is [taps][channels].
  void (*depthwise)(const train_pool *p, const float *x, const float *w, const float *bias, float *y, int thread,
                    int threads);
  void (*depthwise_data_gradient)(const train_pool *p, const float *dy, const float *w, float *dx, int accumulate,
                                  int thread, int threads);
  void (*depthwise_weight_gradient)(const train_pool *p, const float *x, const float *dy, float *dw, int accumulate,
                                    int thread, int threads);
  // sum of the rows of dy: the gradient of a bias.
  void (*column_sums)(const float *dy, int64_t rows, int channels, float *sums, int accumulate, int thread, int threads);

  // Batch normalisation over rows × channels. Chunks are TRAIN_NORM_CHUNK rows; partials hold 3 (moments) or 2
  // (gradient sums) × channels floats a chunk.
  train_norm_moments norm_moments;
  // y = x · scale + shift (+ residual), then max(·, 0) if relu.
  void (*norm_apply)(const float *x, const float *residual, float *y, const float *scale, const float *shift,
                     int64_t rows, int channels, int relu, int thread, int threads);
  // Sums of g and of g · (x − mean), where g = dy with the rectifier's mask applied: from y > 0 if y is given, else
  // from x · scale + shift > 0 if relu. masked, if given with y, receives g (it may be dy itself). x and y are floats;
  // so are dy and masked, unless `narrow` says that they are bf16: of train_bf16_kernels alone.
  train_norm_gradient_sums norm_gradient_sums;
  // dx = a · g + b · x + c per channel, g as above with the mask from x if relu. dx may be dy.
  train_norm_gradient norm_gradient;

  // Elementwise, over a thread's share of n floats.
  void (*activate)(enum train_activation kind, float alpha, float beta, const float *x, float *y, size_t n);
  // dx (+)= dy · f'(x).
  void (*activate_gradient)(enum train_activation kind, float alpha, float beta, const float *x, const float *dy,
                            float *dx, int accumulate, size_t n);
  void (*add)(const float *a, const float *b, float *y, int relu, size_t n);
  // dx (+)= dy · factor.
  void (*scale)(const float *dy, float *dx, float factor, int accumulate, size_t n);
  // The largest |x|; a NaN where there is one, 0 of none.
  float (*largest)(const float *x, size_t n);
  // dy where y > 0, else 0.
  void (*mask)(const float *y, const float *dy, float *g, size_t n);
  // y = x · keep(first + i) / (1 − ratio), keep from a hash of (key, index): the same for every thread count.
  void (*dropout)(const float *x, float *y, float ratio, uint64_t key, uint64_t first, int accumulate, size_t n);

  // Pooling, over a thread's share of the images.
  // chosen: which tap of the window each output took; UINT16_MAX where all are padding. At most that many taps.
  void (*max_pool)(const train_pool *p, const float *x, float *y, uint16_t *chosen, int thread, int threads);
  void (*max_pool_gradient)(const train_pool *p, const float *dy, const uint16_t *chosen, float *dx, int accumulate,
                            int thread, int threads);
  void (*average)(const float *x, float *y, int images, int pixels, int channels, int thread, int threads);
  void (*average_gradient)(const float *dy, float *dx, int images, int pixels, int channels, int accumulate,
                           int thread, int threads);
  void (*maximum)(const float *x, float *y, int32_t *chosen, int images, int pixels, int channels, int thread,
                  int threads);
  void (*maximum_gradient)(const float *dy, const int32_t *chosen, float *dx, int images, int pixels, int channels,
                           int accumulate, int thread, int threads);

  // [images][channels][pixels] ↔ [images][pixels][channels].
  void (*to_channels_last)(const float *x, float *y, int images, int channels, int pixels, int thread, int threads);
  void (*to_channels_first)(const float *x, float *y, int images, int channels, int pixels, int accumulate, int thread,
                            int threads);

  // Optimisers. w ← w · keep first.
  void (*adam)(float *w, const float *g, float *m, float *v, size_t n, float keep, float beta1, float beta2, float scale,
               float second_scale, float epsilon);
  void (*momentum)(float *w, const float *g, float *m, size_t n, float keep, float momentum, float rate);
} train_kernels;

// Products of bf16 numbers, the upper halves of floats, with float sums: the same jobs, a and b or x and dy being bf16; a
// convolution's `run` is even.
typedef struct {
  const char *name;
  int width;  // as train_kernels.width
  void (*convolve)(const train_conv_job *job, int thread, int threads);
  void (*weight_gradient)(const train_weight_job *job, int thread, int threads);
  // To the nearest, halves to even; a NaN stays one.
  void (*narrow)(const float *x, uint16_t *y, size_t n, int thread, int threads);
  // y (+)= x.
  void (*widen)(const uint16_t *x, float *y, int accumulate, size_t n, int thread, int threads);
  // w packed [rows][width], rows even, → pairs of rows alternating: [rows / 2][width][2].
  void (*narrow_weights)(const float *w, uint16_t *packed, int64_t rows, int thread, int threads);
  // Both at once: train_kernels' transpose_weights, outputs even, and narrow_weights.
  void (*transpose_weights)(
      const float *w, uint16_t *t, int taps, int inputs, int outputs, int thread, int threads);
  train_winograd winograd;
  // As train_kernels', x being bf16.
  train_norm_moments norm_moments;
  // As train_kernels', x and the residual being float or bf16, with copies of x and y in bf16. y and both copies may be
  // NULL.
  void (*norm_apply)(const void *x, int x_is_narrow, const void *residual, int residual_is_narrow, float *y,
                     uint16_t *x_narrow, uint16_t *y_narrow, const float *scale, const float *shift, int64_t rows,
                     int channels, int relu, int thread, int threads);
  // As train_kernels', x and y being bf16.
  train_norm_gradient_sums norm_gradient_sums;
  train_norm_gradient norm_gradient;
} train_bf16_kernels;

// What goes with `kernels` on this CPU, or NULL where it cannot multiply bf16. Where the environment's GIEMSA_ISA is
// `portable`, it is done by plain arithmetic.
const train_bf16_kernels *train_bf16_kernels_for_cpu(const train_kernels *kernels);
// By plain arithmetic, on any CPU: what the others are held to. Goes with the portable table.
extern const train_bf16_kernels train_bf16_kernels_portable;

// The fastest table this CPU can run; the environment's GIEMSA_ISA (portable, avx2, avx512, neon) steps it down.
const train_kernels *train_kernels_for_cpu(void);
// By name, or NULL where this CPU or build does not have it.
const train_kernels *train_kernels_named(const char *name);

// How a job (its geometry filled in) is cut, for the convolution or for the gradient of the weights. width: of the
// packed weights' panels.
void train_winograd_plan(train_winograd_job *job, const train_winograd *kernels, int width, int weights, int threads);

// Floats of scratch that weight_gradient needs for each thread.
size_t train_weight_gradient_scratch(const train_kernels *kernels);

#endif
