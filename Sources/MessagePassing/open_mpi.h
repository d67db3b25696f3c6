// Open MPI, loaded when a program asks for it, so that one giemsa serves machines with and without it. The types and
// constants are those of Open MPI's binary interface, the same in versions 3 to 5 (libmpi.so.40); tools/test-distributed
// compares them with its header.
#ifndef GIEMSA_OPEN_MPI_H
#define GIEMSA_OPEN_MPI_H

typedef struct ompi_communicator_t *MPI_Comm;
typedef struct ompi_datatype_t *MPI_Datatype;
typedef struct ompi_errhandler_t *MPI_Errhandler;
typedef struct ompi_info_t *MPI_Info;
typedef struct ompi_op_t *MPI_Op;
typedef struct ompi_request_t *MPI_Request;
typedef struct ompi_status_public_t MPI_Status;

enum {
  MPI_SUCCESS = 0,
  MPI_THREAD_FUNNELED = 1,
  MPI_COMM_TYPE_SHARED = 0,
  MPI_MAX_ERROR_STRING = 256,
};
#define MPI_IN_PLACE ((void *)1)
#define MPI_STATUS_IGNORE ((MPI_Status *)0)

// Every function that is used, with its result and parameters.
#define OPEN_MPI_FUNCTIONS(F)                                                                            \
  F(int, Init_thread, (int *, char ***, int, int *))                                                     \
  F(int, Comm_set_errhandler, (MPI_Comm, MPI_Errhandler))                                                \
  F(int, Comm_rank, (MPI_Comm, int *))                                                                   \
  F(int, Comm_size, (MPI_Comm, int *))                                                                   \
  F(int, Comm_split_type, (MPI_Comm, int, int, MPI_Info, MPI_Comm *))                                    \
  F(int, Comm_free, (MPI_Comm *))                                                                        \
  F(int, Allgather, (const void *, int, MPI_Datatype, void *, int, MPI_Datatype, MPI_Comm))              \
  F(int, Iallreduce, (const void *, void *, int, MPI_Datatype, MPI_Op, MPI_Comm, MPI_Request *))         \
  F(int, Ibcast, (void *, int, MPI_Datatype, int, MPI_Comm, MPI_Request *))                              \
  F(int, Test, (MPI_Request *, int *, MPI_Status *))                                                     \
  F(int, Testany, (int, MPI_Request[], int *, int *, MPI_Status *))                                      \
  F(int, Error_string, (int, char *, int *))                                                             \
  F(int, Abort, (MPI_Comm, int))                                                                         \
  F(int, Finalize, (void))

// Every predefined object that is used: its type, MPI's name, Open MPI's symbol.
#define OPEN_MPI_OBJECTS(O)                         \
  O(MPI_Comm, COMM_WORLD, ompi_mpi_comm_world)      \
  O(MPI_Info, INFO_NULL, ompi_mpi_info_null)        \
  O(MPI_Errhandler, ERRORS_RETURN, ompi_mpi_errors_return) \
  O(MPI_Datatype, INT, ompi_mpi_int)                \
  O(MPI_Datatype, FLOAT, ompi_mpi_float)            \
  O(MPI_Datatype, DOUBLE, ompi_mpi_double)          \
  O(MPI_Datatype, BYTE, ompi_mpi_byte)              \
  O(MPI_Op, SUM, ompi_mpi_op_sum)

typedef struct {
#define OPEN_MPI_FUNCTION(result, name, parameters) result(*name) parameters;
#define OPEN_MPI_OBJECT(type, name, symbol) type name;
  OPEN_MPI_FUNCTIONS(OPEN_MPI_FUNCTION)
  OPEN_MPI_OBJECTS(OPEN_MPI_OBJECT)
#undef OPEN_MPI_FUNCTION
#undef OPEN_MPI_OBJECT
} open_mpi;

// Returns 1 if Open MPI is installed and complete, and fills *mpi. The environment variable GIEMSA_MPI names another file
// than libmpi.so.40.
int open_mpi_load(open_mpi *mpi);

#endif
