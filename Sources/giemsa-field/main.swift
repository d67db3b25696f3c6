import Platform
import Text

// giemsa-field: reads an ONNX graph and runs it on pictures, checks it, measures it, shows it.
// Exit status: 0 all well, 1 something was wrong with what it was given, 2 the command line was.

platform_exit(Console.finish(Program.run(), program: "giemsa-field"))
