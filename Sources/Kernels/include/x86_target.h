// What functions of an instruction set of x86 are compiled with: X86_TARGET before one, the other two around many. Emulated, the
// instructions are plain C.
#ifndef GIEMSA_KERNELS_X86_TARGET_H
#define GIEMSA_KERNELS_X86_TARGET_H

#if defined(GIEMSA_EMULATED_X86)
#define X86_TARGET(features)
#define X86_TARGET_BEGIN(features)
#define X86_TARGET_END
#else
#define X86_PRAGMA(text) _Pragma(#text)
#define X86_TARGET(features) __attribute__((target(features)))
#define X86_TARGET_BEGIN(features) X86_PRAGMA(clang attribute push(X86_TARGET(features), apply_to = function))
#define X86_TARGET_END X86_PRAGMA(clang attribute pop)
#endif

#endif
