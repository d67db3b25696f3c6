// For executables only: keeps main's arguments for platform_argument, and puts something in the place of standard streams
// that are closed, before anything else runs. A library leaves both to the program that calls it.
//
// Nothing is to be called: linking this module is enough. A program whose C library is not glibc does the same in its
// own main (tools/field/start.c).
#ifndef GIEMSA_PROGRAM_START_H
#define GIEMSA_PROGRAM_START_H
#endif
