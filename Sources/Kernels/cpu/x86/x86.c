#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)

#if defined(GIEMSA_EMULATED_X86)
void kernels_probe(kernels_cpu *cpu) {
  for (int level = KERNELS_AVX2; level <= KERNELS_AVX512VNNI; level++) kernels_add_level(cpu, (kernels_level)level);
  kernels_add_feature(cpu, "emulated");
  cpu->multiplies_bf16 = 1;
  cpu->permutes_bytes = 1;
}
#else
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Whether this process may use tiles: the operating system saves them for those alone that asked.
static int may_use_tiles(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
  return 0;
#endif
}

static int is_intel(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx && c == signature_INTEL_ecx && d == signature_INTEL_edx;
}

void kernels_probe(kernels_cpu *cpu) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return;
  const int fma = c >> 12 & 1, osxsave = c >> 27 & 1;
  // The operating system must save the wide registers, whatever the processor has.
  if (!osxsave) return;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const int saves_ymm = (low & 0x6) == 0x6, saves_zmm = (low & 0xe6) == 0xe6;
  if (!saves_ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
  const int avx2 = b >> 5 & 1, avx512f = saves_zmm && (b >> 16 & 1);
  const int avx512bw_dq_vl = avx512f && (b >> 30 & 1) && (b >> 17 & 1) && (b >> 31 & 1);
  const int avx512vbmi = avx512f && (c >> 1 & 1), avx512vnni = avx512f && (c >> 11 & 1);
  const int amx = (d >> 24 & 1) && (d >> 25 & 1) && (low & 0x60000) == 0x60000, amx_bf16 = d >> 22 & 1;
  const int has_leaf_1 = a >= 1;
  const unsigned leaf_1 = has_leaf_1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) ? a : 0;
  const int avxvnni = leaf_1 >> 4 & 1, avx512bf16 = leaf_1 >> 5 & 1;

  const int has_avx2 = avx2 && fma, has_avx512 = has_avx2 && avx512bw_dq_vl;
  if (has_avx2) kernels_add_level(cpu, KERNELS_AVX2);
  if (has_avx512) kernels_add_level(cpu, KERNELS_AVX512);
  if (has_avx2 && avxvnni) kernels_add_level(cpu, KERNELS_AVXVNNI);
  if (has_avx512 && avx512vnni) kernels_add_level(cpu, KERNELS_AVX512VNNI);
  if (has_avx512 && avx512vnni && amx && may_use_tiles()) kernels_add_level(cpu, KERNELS_AVX512AMX);
  cpu->multiplies_bf16 = has_avx512 && avx512bf16;
  // Intel's cores take four times as long for a vdpbf16ps as for a multiply-add of floats (measured on a Sapphire Rapids), which is
  // twice as long for the same products; those of Zen 4 take as long.
  cpu->multiplies_bf16_slowly = is_intel();
  cpu->multiplies_bf16_tiles = cpu->multiplies_bf16 && amx && amx_bf16;
  cpu->permutes_bytes = has_avx512 && avx512vbmi;
  cpu->adds_beside_products = !is_intel();

  if (avx2) kernels_add_feature(cpu, "avx2");
  if (fma) kernels_add_feature(cpu, "fma");
  if (avx512f) kernels_add_feature(cpu, "avx512f");
  if (avx512bw_dq_vl) kernels_add_feature(cpu, "avx512bw+dq+vl");
  if (avx512vnni) kernels_add_feature(cpu, "avx512vnni");
  if (avxvnni) kernels_add_feature(cpu, "avxvnni");
  if (amx) kernels_add_feature(cpu, "amx");
}
#endif

#define F32_IGEMM(kernel, most_pixels, outputs, row_kernel) {#kernel, most_pixels, outputs, kernel, row_kernel}
#define F32_WINOGRAD(level) {f32_winograd_filter_##level, f32_winograd_input_##level, f32_winograd_output_##level}
// 16-bit inputs: for 8-bit convolutions and for Winograd's products.
#define S16(kernel, most_pixels, outputs) \
  (q8_igemm_family) {.name = #kernel, .run = kernel, .mr = most_pixels, .nr = outputs, .kr = 2, .sub = 2, .wide = 1}
#define U8S8(kernel, most_pixels, outputs) \
  (q8_igemm_family) {.name = #kernel, .run = kernel, .mr = most_pixels, .nr = outputs, .kr = 4, .sub = 4}
#define U7S8(kernel, most_pixels, outputs, adding)                                                   \
  (q8_igemm_family) {                                                                                \
    .name = #kernel, .run = kernel, .mr = most_pixels, .nr = outputs, .kr = 8, .sub = 4,             \
    .rule = Q8_FOURS_WITHIN_255, .take_highs = u7s8_take_highs, .add_highs = adding                  \
  }

static void fill_avx2(kernels_table *table) {
  table->f32_igemm = (f32_igemm_family)F32_IGEMM(f32_igemm_6x16_avx2, 6, 16, f32_gemv_4x16_avx2);
  table->f32_depthwise = F32_DEPTHWISE(
      8, avx2, F32_DEPTHWISE_PAIR(3_groups4, avx2), F32_DEPTHWISE_PAIR(3_groups8, avx2));
  table->f32_winograd = (f32_winograd_transforms)F32_WINOGRAD(avx2);
  // Measured on x86 alone: the shared cache of a small Arm is smaller than a layer's weights.
  table->f32_tiles_split = 1;
  KERNELS_OF_8_BITS(
      table->q8_igemm = S16(s16_igemm_6x16_avx2, 6, 16);
      table->q8_igemm_of_small = U7S8(u7s8_igemm_4x16_avx2, 4, 16, u7s8_add_highs_avx2);
      table->q8_winograd = S16(s16_igemm_6x16_avx2, 6, 16);
      table->q8_winograd.points = s16_points_6x16_avx2;
      table->q8_transforms.taps = q8_winograd_taps_avx2;
      table->q8_finish = q8_finish_avx2;
      table->q8_depthwise = (q8_depthwise_family){
          .name = "u8s16_depthwise_avx2", .layout = Q8_TAPS_PAIRS,
          .single = {u8s16_depthwise_16_single_avx2, u8s16_depthwise_32_single_avx2},
          .pair = {u8s16_depthwise_16_pair_avx2, u8s16_depthwise_32_pair_avx2}};
  )
}

// Over AVX2's.
static void fill_avxvnni(kernels_table *table) {
  KERNELS_OF_8_BITS(
      table->q8_igemm = table->q8_igemm_of_small = U8S8(u8s8_igemm_6x16_avxvnni, 6, 16);
      table->q8_winograd = S16(s16_igemm_6x16_avxvnni, 6, 16);
      table->q8_winograd.points = s16_points_6x16_avxvnni;
      table->q8_depthwise = (q8_depthwise_family){
          .name = "u8s8_depthwise_avxvnni", .layout = Q8_TAPS_QUADS,
          .single = {u8s8_depthwise_16_single_avxvnni, u8s8_depthwise_32_single_avxvnni},
          .pair = {u8s8_depthwise_16_pair_avxvnni, u8s8_depthwise_32_pair_avxvnni}};
  )
}

// Over AVX2's.
static void fill_avx512(kernels_table *table) {
  table->f32_igemm = (f32_igemm_family)F32_IGEMM(f32_igemm_12x32_avx512, 12, 32, f32_gemv_4x32_avx512);
  table->f32_curves = f32_curves_avx512;
  table->f32_softmax_row = f32_softmax_row_avx512;
  table->f32_depthwise = F32_DEPTHWISE(
      16, avx512, F32_DEPTHWISE_PAIR(3_groups4, avx512), F32_DEPTHWISE_PAIR(3_groups8, avx512),
      F32_DEPTHWISE_PAIR(3_groups16, avx512));
  table->f32_winograd = (f32_winograd_transforms)F32_WINOGRAD(avx512);
  table->f32_taps = (f32_taps_family){"f32_taps_24x16_avx512", f32_taps_24x16_avx512, .pays = 1};
  KERNELS_OF_8_BITS(
      table->q8_igemm = S16(s16_igemm_12x32_avx512, 12, 32);
      table->q8_igemm_of_small = U7S8(u7s8_igemm_8x32_avx512, 8, 32, u7s8_add_highs_avx512);
      table->q8_winograd = S16(s16_igemm_12x32_avx512, 12, 32);
      table->q8_winograd.points = s16_points_12x32_avx512;
      table->q8_transforms =
          (q8_winograd_transforms){q8_winograd_taps_avx512, q8_winograd_input_avx512, q8_winograd_output_avx512, .output_pays = 1};
      table->q8_depthwise.name = "u8s16_depthwise_avx512";
      table->q8_depthwise.single[2] = u8s16_depthwise_64_single_avx512;
      table->q8_depthwise.pair[2] = u8s16_depthwise_64_pair_avx512;
  )
}

// Over AVX-512's.
static void fill_avx512vnni(const kernels_cpu *cpu, kernels_table *table) {
  KERNELS_OF_8_BITS(
      table->q8_igemm = U8S8(u8s8_igemm_12x32_avx512vnni, 12, 32);
      table->q8_igemm.fused = u8s8_fused_12x32_avx512vnni;
      table->q8_igemm.fused_row = u8s8_fused_row_6x32_avx512vnni;
      table->q8_igemm_of_small = table->q8_igemm;
      table->q8_igemm_narrow = U8S8(u8s8_igemm_12x16_avx512vnni, 12, 16);
      table->q8_igemm_narrow.fused = u8s8_fused_12x16_avx512vnni;
      table->q8_igemm_narrow.masks = 1;
      table->q8_igemm_groups = U8S8(u8s8_groups_12x16_avx512vnni, 12, 16);
      table->q8_igemm_groups.fused = u8s8_fused_groups_12x16_avx512vnni;
      table->q8_igemm_groups.masks = table->q8_igemm_groups.by_groups = 1;
      table->q8_winograd = S16(s16_igemm_12x32_avx512vnni, 12, 32);
      table->q8_winograd.points = s16_points_12x32_avx512vnni;
      table->q8_winograd_wants_many = !cpu->adds_beside_products;
      table->s16_taps = (s16_taps_family){"s16_taps_24x16_avx512vnni", s16_taps_24x16_avx512vnni, .pays = 1};
      table->q8_depthwise = (q8_depthwise_family){
          .name = "u8s8_depthwise_avx512vnni", .layout = Q8_TAPS_QUADS,
          .single = {u8s8_depthwise_16_single_avx512vnni, u8s8_depthwise_32_single_avx512vnni, u8s8_depthwise_64_single_avx512vnni},
          .pair = {u8s8_depthwise_16_pair_avx512vnni, u8s8_depthwise_32_pair_avx512vnni, u8s8_depthwise_64_pair_avx512vnni}};
  )
}

// Over AVX-512 VNNI's.
static void fill_avx512amx(kernels_table *table) {
#if !defined(GIEMSA_EMULATED_X86) && !defined(KERNELS_FLOAT_ONLY)
  table->q8_igemm_deep = U8S8(u8s8_igemm_32x32_avx512amx, 32, 32);
  table->q8_igemm_deep.fused = u8s8_fused_32x32_avx512amx;
  table->q8_igemm_deep.begin = u8s8_begin_avx512amx;
  table->q8_igemm_deep.end = u8s8_end_avx512amx;
  table->q8_igemm_deep.fills = table->q8_igemm_deep.masks = 1;
#else
  (void)table;
#endif
}

// Instructions that no level has: where the processor offers them.
static void fill_bf16(kernels_level level, const kernels_cpu *cpu, kernels_table *table) {
#if !defined(GIEMSA_EMULATED_X86)
  if (cpu->multiplies_bf16)
    table->bf16_igemm = (bf16_igemm_family){
        .name = "bf16_igemm_12x32_avx512bf16", .mr = 12, .nr = 32, .run = bf16_igemm_12x32_avx512bf16,
        .round = bf16_round_avx512bf16, .pays = !cpu->multiplies_bf16_slowly};
  if (level == KERNELS_AVX512AMX && cpu->multiplies_bf16_tiles)
    table->bf16_igemm = (bf16_igemm_family){
        .name = "bf16_igemm_32x32_avx512amx", .mr = 32, .nr = 32, .run = bf16_igemm_32x32_avx512amx,
        .round = bf16_round_avx512bf16, .begin = bf16_begin_avx512amx, .end = bf16_end_avx512amx, .pairs = 16, .fills = 16,
        .round_apart = bf16_round_apart_avx512amx, .near_bytes = 1536 * 1024, .pays = 1};
#else
  (void)level, (void)cpu, (void)table;
#endif
}

void kernels_fill(kernels_level level, const kernels_cpu *cpu, kernels_table *table) {
  fill_avx2(table);
  if (level == KERNELS_AVXVNNI) fill_avxvnni(table);
  const int has_vnni = level == KERNELS_AVX512VNNI || level == KERNELS_AVX512AMX;
  if (level == KERNELS_AVX512 || has_vnni) {
    fill_avx512(table);
    KERNELS_OF_8_BITS(if (cpu->permutes_bytes) table->q8_look_up = q8_look_up_avx512vbmi;)
    (void)cpu;
  }
  if (has_vnni) {
    fill_avx512vnni(cpu, table);
    fill_bf16(level, cpu, table);
  }
  if (level == KERNELS_AVX512AMX) fill_avx512amx(table);
}
#endif
