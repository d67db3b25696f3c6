// OpenBLAS's C interface, for the lab only.
#ifndef GIEMSA_BLAS_H
#define GIEMSA_BLAS_H
#include <cblas.h>

// Lets OpenBLAS take its working memory, on one thread, before it is needed. 0 where there is not enough: then it must not
// be called.
int blas_prepare(void);
#endif
