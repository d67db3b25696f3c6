#include "program_start.h"

#include "platform.h"

#ifdef __GLIBC__
// Swift's entry point does not pass main's arguments on, but glibc passes them to constructors too.
__attribute__((constructor)) static void begin(int count, char **values) {
  platform_keep_standard_streams();
  platform_keep_arguments(count, values);
}
#endif
