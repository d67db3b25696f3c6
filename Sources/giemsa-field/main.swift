import Platform
import Text

// giemsa-field: runs, checks, measures and inspects ONNX models of pictures. Exit status: 0 success, 1 a problem with
// the input, the machine or the output, 2 a wrong command line.

platform_return_freed_memory()
platform_exit(Console.finish(Program.run(), program: "giemsa-field"))
