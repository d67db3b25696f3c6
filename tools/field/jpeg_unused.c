// Parts of libjpeg that decoding here never reaches: colour quantization (for palettes), and upsampling merged with colour
// conversion, which takes the place of fancy upsampling on request only. Without them the program is 18 KB smaller.
#define UNUSED(name) \
  void name(void *jpeg) { (void)jpeg; }

UNUSED(jinit_1pass_quantizer)
UNUSED(jinit_2pass_quantizer)
UNUSED(jinit_merged_upsampler)
