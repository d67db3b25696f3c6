// UNROLL before a loop over registers: unrolled before register allocation; otherwise the accumulators would be on the stack.
// Sanitized code is not unrolled: its checks would take minutes to compile.
#ifndef GIEMSA_UNROLL_H
#define GIEMSA_UNROLL_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNROLL
#endif
#endif
#ifndef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
#endif

#endif
