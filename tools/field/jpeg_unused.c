// All functions and tables of libjpeg that decoding here never reaches: tools/build-field gives them this name. (Upsampling is
// merged with colour conversion on request only, colours are reduced to a palette, DCTs are other than the accurate one and of
// other sizes than powers of two likewise.)
void jpeg_unused(void);
void jpeg_unused(void) {}
