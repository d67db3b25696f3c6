import Foundation
import TestSupport
import Testing

/// Typing errors, and the content of `--help`.
@Suite struct UsageTests {
  @Test(arguments: [
    (["infre", "m.onnx", "x"], "did you mean 'infer'?"), (["validat", "m.onnx"], "did you mean 'validate'?"),
    (["infer", "m.onnx", "x", "--formt", "csv"], "did you mean '--format'?"),
    (["bench", "m.onnx", "--secnds=1"], "did you mean '--seconds'?"),
    (["inspect", "m.onnx", "--sumary"], "did you mean '--summary'?"),
  ])
  func theNearestIsSuggested(_ arguments: [String], _ question: String) throws {
    let run = try ProgramRun("giemsa-field", arguments)
    #expect(run.status == 2 && run.errorLines.count == 1 && run.error.contains(question), "\(run.error)")
  }

  @Test func nothingNearIsNotSuggested() throws {
    let run = try ProgramRun("giemsa-field", ["train", "x"])
    #expect(run.status == 2 && !run.error.contains("did you mean"), "\(run.error)")
  }

  @Test func exitStatusesAreToldEverywhere() throws {
    for command in ["infer", "verify", "validate", "bench", "inspect"] {
      #expect(try ProgramRun("giemsa-field", [command, "--help"]).output.contains("Exit status: 0"))
    }
    #expect(try ProgramRun("giemsa-field", ["--help"]).output.contains("Exit status: 0"))
  }

  @Test func moreThreadsThanProcessorsAreNoted() throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun("giemsa-field", ["infer", folder.path("no.onnx"), "x.png", "--threads", "1000"])
    let count = ProcessInfo.processInfo.activeProcessorCount
    #expect(run.errorLines.first?.contains("--threads 1000 on \(count) processor") == true, "\(run.error)")
    #expect(try ProgramRun("giemsa-field", ["infer", folder.path("no.onnx"), "x.png"]).errorLines.count == 1)
    #expect(try ProgramRun("giemsa-field", ["infer", "m.onnx", "x.png", "--threads", "1025"]).status == 2)
  }
}
