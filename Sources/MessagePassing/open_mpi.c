#include "open_mpi.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

int open_mpi_load(open_mpi *mpi) {
  const char *path = getenv("GIEMSA_MPI");
  // Global: Open MPI's own plug-ins look up its symbols.
  void *library = dlopen(path ? path : "libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
  if (!library) return 0;
  // POSIX promises that a function's address survives the conversion to a pointer to data.
#define LOAD_FUNCTION(result, name, parameters) \
  if (!(*(void **)&mpi->name = dlsym(library, "MPI_" #name))) return 0;
#define LOAD_OBJECT(type, name, symbol) \
  if (!(mpi->name = (type)dlsym(library, #symbol))) return 0;
  OPEN_MPI_FUNCTIONS(LOAD_FUNCTION)
  OPEN_MPI_OBJECTS(LOAD_OBJECT)
  return 1;
}
