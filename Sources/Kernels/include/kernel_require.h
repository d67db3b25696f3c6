// Preconditions of kernels. In debug builds a kernel that is called otherwise than its head allows ends the program with the
// file, the line and the condition. Release builds check nothing: whoever calls a kernel keeps to its head.
#ifndef GIEMSA_KERNELS_KERNEL_REQUIRE_H
#define GIEMSA_KERNELS_KERNEL_REQUIRE_H

#include <stdint.h>

// The package manager defines DEBUG for C in debug builds.
#if defined(DEBUG)
#undef NDEBUG
#include <assert.h>
#define KERNEL_REQUIRE(condition) assert(condition)
#else
#define KERNEL_REQUIRE(condition) ((void)0)
#endif

#define KERNEL_IS_ALIGNED(pointer, bytes) ((uintptr_t)(pointer) % (bytes) == 0)

#endif
