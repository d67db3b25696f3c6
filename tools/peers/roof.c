// roof THREADS SECONDS: measures this machine's peak multiply-add rate with all operands in registers; prints one line of
// JSON: giga-multiply-adds per second over all threads in float and in 8-bit integers without saturation, each with the
// instruction used, and the gigabytes per second read from 64 MiB per thread.
//
// Every kernel has 12 accumulators: enough for the latency times the number of ports of any current processor.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

#define ROUNDS 20000

// `fresh` hides from the compiler that an operand is unchanged, so that it cannot hoist the multiplication.
#define FOR(instructions) __attribute__((target(instructions)))
#define KERNEL(name, instructions, VECTOR, zero, fresh, step)                       \
  instructions __attribute__((noinline)) static void name(void) {                   \
    VECTOR sum[12], x = zero, w = zero;                                             \
    _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) sum[i] = zero;            \
    __asm__ volatile("" : fresh(x), fresh(w));                                      \
    for (int round = 0; round < ROUNDS; round++) {                                  \
      _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) {                       \
        __asm__ volatile("" : fresh(x));                                            \
        sum[i] = step;                                                              \
      }                                                                             \
    }                                                                               \
    _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) __asm__ volatile("" : fresh(sum[i])); \
  }

typedef struct {
  const char *instruction;
  double multiply_adds;  // of one call
  void (*run)(void);
} kernel;

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define FRESH "+v"
KERNEL(f32_sse, FOR("sse2"), __m128, _mm_setzero_ps(), FRESH, _mm_add_ps(sum[i], _mm_mul_ps(x, w)))
KERNEL(f32_avx2, FOR("avx2,fma"), __m256, _mm256_setzero_ps(), FRESH, _mm256_fmadd_ps(x, w, sum[i]))
KERNEL(f32_avx512, FOR("avx512f"), __m512, _mm512_setzero_ps(), FRESH, _mm512_fmadd_ps(x, w, sum[i]))
KERNEL(s16_sse, FOR("sse2"), __m128i, _mm_setzero_si128(), FRESH, _mm_add_epi32(sum[i], _mm_madd_epi16(x, w)))
KERNEL(s16_avx2, FOR("avx2"), __m256i, _mm256_setzero_si256(), FRESH, _mm256_add_epi32(sum[i], _mm256_madd_epi16(x, w)))
KERNEL(s16_avx512, FOR("avx512f,avx512bw"), __m512i, _mm512_setzero_si512(), FRESH,
       _mm512_add_epi32(sum[i], _mm512_madd_epi16(x, w)))
KERNEL(u8s8_avx512vnni, FOR("avx512f,avx512vnni"), __m512i, _mm512_setzero_si512(), FRESH, _mm512_dpbusd_epi32(sum[i], x, w))
KERNEL(u8s8_avxvnni, FOR("avx2,avxvnni"), __m256i, _mm256_setzero_si256(), FRESH, _mm256_dpbusd_avx_epi32(sum[i], x, w))

static kernel f32_kernel(void) {
  if (__builtin_cpu_supports("avx512f")) return (kernel){"vfmadd, 512 bits", 12.0 * ROUNDS * 16, f32_avx512};
  if (__builtin_cpu_supports("fma")) return (kernel){"vfmadd, 256 bits", 12.0 * ROUNDS * 8, f32_avx2};
  return (kernel){"mulps + addps", 12.0 * ROUNDS * 4, f32_sse};
}

static kernel int8_kernel(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __get_cpuid_count(7, 1, &a, &b, &c, &d);
  if (__builtin_cpu_supports("avx512vnni")) return (kernel){"vpdpbusd, 512 bits", 12.0 * ROUNDS * 64, u8s8_avx512vnni};
  if (__builtin_cpu_supports("avx2") && (a >> 4 & 1)) {
    return (kernel){"vpdpbusd, 256 bits", 12.0 * ROUNDS * 32, u8s8_avxvnni};
  }
  if (__builtin_cpu_supports("avx512bw")) return (kernel){"vpmaddwd + vpaddd, 512 bits", 12.0 * ROUNDS * 32, s16_avx512};
  if (__builtin_cpu_supports("avx2")) return (kernel){"vpmaddwd + vpaddd, 256 bits", 12.0 * ROUNDS * 16, s16_avx2};
  return (kernel){"pmaddwd + paddd", 12.0 * ROUNDS * 8, s16_sse};
}
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#define FRESH "+w"
// Inline assembly, because compilers need different options for these intrinsics.
#define ASM3(text) ({ int32x4_t s = sum[i]; __asm__(text : "+w"(s) : "w"(x), "w"(w)); s; })
KERNEL(f32_neon, , float32x4_t, vdupq_n_f32(0), FRESH, vfmaq_f32(sum[i], x, w))
KERNEL(s8_neon, , int8x16_t, vdupq_n_s8(0), FRESH, ({
         int16x8_t product = vmull_s8(vget_low_s8(x), vget_low_s8(w));
         product = vmlal_high_s8(product, x, w);
         vreinterpretq_s8_s32(vpadalq_s16(vreinterpretq_s32_s8(sum[i]), product));
       }))
KERNEL(s8_neondot, , int32x4_t, vdupq_n_s32(0), FRESH, ASM3(".arch_extension dotprod\n sdot %0.4s, %1.16b, %2.16b"))
KERNEL(s8_neoni8mm, , int32x4_t, vdupq_n_s32(0), FRESH, ASM3(".arch_extension i8mm\n smmla %0.4s, %1.16b, %2.16b"))

static kernel f32_kernel(void) { return (kernel){"fmla, 128 bits", 12.0 * ROUNDS * 4, f32_neon}; }

static kernel int8_kernel(void) {
  if (getauxval(AT_HWCAP2) >> 13 & 1) return (kernel){"smmla", 12.0 * ROUNDS * 32, s8_neoni8mm};
  if (getauxval(AT_HWCAP) >> 20 & 1) return (kernel){"sdot", 12.0 * ROUNDS * 16, s8_neondot};
  return (kernel){"smull + smlal2 + sadalp", 12.0 * ROUNDS * 16, s8_neon};
}
#else
#error roof.c knows x86-64 and aarch64
#endif

typedef struct {
  kernel kernel;
  double seconds, rate;
  pthread_barrier_t *start;
} job;

// The best tenth of the time: the rate without other load.
static void *multiply(void *context) {
  job *mine = context;
  pthread_barrier_wait(mine->start);
  const double end = now() + mine->seconds;
  mine->kernel.run();
  do {
    double begin = now(), passed;
    int calls = 0;
    do {
      mine->kernel.run();
      calls++;
      passed = now() - begin;
    } while (passed < mine->seconds / 10);
    const double rate = calls * mine->kernel.multiply_adds / passed / 1e9;
    if (rate > mine->rate) mine->rate = rate;
  } while (now() < end);
  return NULL;
}

#define BYTES ((size_t)64 << 20)

static void *read_memory(void *context) {
  job *mine = context;
  uint64_t *words = malloc(BYTES);
  if (!words) return NULL;
  memset(words, 1, BYTES);
  pthread_barrier_wait(mine->start);
  const double end = now() + mine->seconds;
  do {
    const double begin = now();
    uint64_t sum[8] = {0};
    for (size_t i = 0; i < BYTES / 8; i += 8) {
      for (int k = 0; k < 8; k++) sum[k] += words[i + k];
    }
    for (int k = 0; k < 8; k++) __asm__ volatile("" : : "r"(sum[k]));
    const double rate = BYTES / (now() - begin) / 1e9;
    if (rate > mine->rate) mine->rate = rate;
  } while (now() < end);
  free(words);
  return NULL;
}

static double together(int threads, double seconds, kernel what, void *(*body)(void *)) {
  pthread_t thread[64];
  job jobs[64];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, threads);
  for (int i = 0; i < threads; i++) {
    jobs[i] = (job){what, seconds, 0, &start};
    pthread_create(&thread[i], NULL, body, &jobs[i]);
  }
  double sum = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(thread[i], NULL);
    sum += jobs[i].rate;
  }
  return sum;
}

int main(int argc, char **argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const double seconds = argc > 2 ? atof(argv[2]) : 0.3;
  if (threads < 1 || threads > 64) return 2;
  const kernel f32 = f32_kernel(), int8 = int8_kernel();
  printf(
      "{\"f32\": %.2f, \"f32_instruction\": \"%s\", \"int8\": %.2f, \"int8_instruction\": \"%s\", \"read_gb\": %.2f}\n",
      together(threads, seconds, f32, multiply), f32.instruction, together(threads, seconds, int8, multiply),
      int8.instruction, together(threads, seconds, f32, read_memory));
  return 0;
}
