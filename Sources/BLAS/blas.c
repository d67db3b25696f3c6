#include "blas.h"

#include <stdlib.h>
#include <sys/mman.h>

// What OpenBLAS takes at its first product and never gives back, and a little more.
enum { WORK_BYTES = 160 << 20 };

int blas_prepare(void) {
  static int is_ready;
  if (is_ready) return 1;
  // The matrices of the head are small; OpenBLAS's own threads would only get in the way.
  openblas_set_num_threads(1);
  // Where the system has no memory, OpenBLAS asks for it again without end.
  void *probe = mmap(NULL, WORK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return 0;
  munmap(probe, WORK_BYTES);
  // Large enough that it is not computed without working memory.
  enum { side = 192 };
  float *zeros = calloc(2 * side * side, sizeof *zeros);
  if (!zeros) return 0;
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, side, side, side, 1, zeros, side, zeros, side, 0,
              zeros + side * side, side);
  free(zeros);
  is_ready = 1;
  return 1;
}
