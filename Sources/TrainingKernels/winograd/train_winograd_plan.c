#include "training_kernels.h"

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// NEAR_BYTES: transformed inputs of one thread's block, most of the second-level cache. FEWEST_TILES: a block's least size;
// with fewer tiles, loading each filter would cost more than it is used. SHARED_BYTES: transformed inputs of a block that
// all threads share, a part of the third-level cache.
enum { NEAR_BYTES = 384 << 10, FEWEST_TILES = 24, SHARED_BYTES = 8 << 20 };
// From this many filters on, the job goes by panels: each panel's filters are transformed once for a large block of tiles.
// By tiles, all transformed filters would be read again for each small block.
enum { MANY_FILTERS = 200 * 200 };

void train_winograd_plan(train_winograd_job *job, const train_winograd *kernels, int width, int weights, int threads) {
  const convolution_geometry *g = &job->geometry;
  const int64_t channels = (int64_t)g->in_channels, columns = (int64_t)g->out_channels;
  const int64_t points = 36, panels = divide_up(columns, width), bytes = kernels->number_bytes, line = 64 / bytes;
  job->down = (tile_axis){.large = 4, .larges = (g->out_height + 3) / 4};
  job->across = (tile_axis){.large = 4, .larges = (g->out_width + 3) / 4};
  const int64_t tiles = job->all_tiles = (int64_t)(g->batch * job->down.larges * job->across.larges);
  // One cache line beyond whole lines: rows a power of two apart would share few cache sets.
  job->x_pitch = divide_up(channels, line) * line + line;
  job->y_pitch = divide_up(panels * width, line) * line + line;
  job->m_floats = job->s_floats = 0;
  if (weights) {
    job->blocks = divide_up(points * tiles * (job->x_pitch + job->y_pitch) * bytes, SHARED_BYTES);
    // An even number of tiles: bf16 interleaves two.
    job->block = divide_up(divide_up(tiles, job->blocks), 2) * 2;
    job->blocks = divide_up(tiles, job->block);
    job->unit_panels = (int32_t)smaller(panels, panels > threads ? 2 : 1);
    const int64_t parts = divide_up(channels, 48);
    job->unit_channels = (int32_t)(divide_up(divide_up(channels, parts), 12) * 12);
    const int64_t unit = points * job->unit_panels * job->unit_channels * width;
    const int64_t units = divide_up(panels, job->unit_panels) * divide_up(channels, job->unit_channels);
    job->u_floats = unit * (job->blocks == 1 ? threads : larger(units, threads));
  } else {
    int64_t filters;
    job->by_panels = channels * columns >= MANY_FILTERS && panels >= threads;
    if (job->by_panels) {
      job->blocks = divide_up(points * tiles * job->x_pitch * bytes, SHARED_BYTES);
      job->block = divide_up(tiles, job->blocks);
      job->blocks = divide_up(tiles, job->block);
      filters = threads;
    } else {
      job->block = smaller(larger(FEWEST_TILES, NEAR_BYTES / (points * job->x_pitch * bytes)), divide_up(tiles, threads));
      job->blocks = 1;
      filters = panels;
    }
    job->u_floats = filters * points * channels * width * bytes / 4;
    job->m_floats = points * (job->block * width + 16);
  }
  job->x_stride = job->block * job->x_pitch + line;
  job->y_stride = job->block * job->y_pitch + line;
  job->v_floats = points * job->x_stride * bytes / 4 * (weights || job->by_panels ? 1 : threads);
  if (weights) job->s_floats = points * job->y_stride * bytes / 4;
}
