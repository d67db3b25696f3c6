// OpenBLAS's C interface, for the lab only.
#ifndef GIEMSA_BLAS_H
#define GIEMSA_BLAS_H
#include <cblas.h>
#endif
