// OpenBLAS, loaded when the first network is trained: at its load it starts a thread for every processor, each of which asks
// for memory without end where the system has none, and most commands need no product.
#include "blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef void product(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transposed_a, CBLAS_TRANSPOSE transposed_b, blasint m, blasint n, blasint k,
    float alpha, const float *a, blasint lda, const float *b, blasint ldb, float beta, float *c, blasint ldc);

static product *sgemm;

// In the place of OpenBLAS's own.
void cblas_sgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transposed_a, CBLAS_TRANSPOSE transposed_b, blasint m, blasint n, blasint k,
    float alpha, const float *a, blasint lda, const float *b, blasint ldb, float beta, float *c, blasint ldc) {
  sgemm(order, transposed_a, transposed_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// Address space for OpenBLAS's code and for the 128 MiB that it takes to work in and never gives back, and a little more.
enum { WORK_BYTES = 224 << 20 };

static int load(void) {
  // The matrices of the head are small; OpenBLAS's own threads would only get in the way.
  if (setenv("OPENBLAS_NUM_THREADS", "1", 1) != 0) return 0;
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
  if (library) sgemm = (product *)dlsym(library, "cblas_sgemm");
  return sgemm != NULL;
}

static int prepare(void) {
  static int is_ready;
  if (is_ready) return 1;
  // Where the system has no memory, OpenBLAS asks for it again without end.
  void *probe = mmap(NULL, WORK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return 0;
  munmap(probe, WORK_BYTES);
  if (!sgemm && !load()) return 0;
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

int blas_prepare(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  const int is_ready = prepare();
  pthread_mutex_unlock(&lock);
  return is_ready;
}
