// The program of tools/fuzz: libFuzzer's, which calls what is here with one input after another. It shows each to one
// reader of the field half or of the lab, the target, as a stranger's file. A trap, a report of a sanitizer, a hang or
// memory beyond what the file may ask for is a find.
//
// A target is a file here (in `Lab` if it needs the lab's modules) and a line in `FuzzTarget.all`. Targets look at no
// answer, except where two must agree.

import Foundation
import FuzzWatch

exit(fuzz_run(CommandLine.argc, CommandLine.unsafeArgv))
