import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Output that could not be written always gives status 1 and one line.
@Suite struct StandardOutputTests {
  private let folder: TemporaryFolder
  private var variables: [String: String] { ["M": folder.path("m.onnx"), "D": folder.url.path] }

  init() throws {
    folder = try TemporaryFolder()
    try ONNXFile.write(try SmallModel.graph(), to: folder.path("m.onnx"))
    _ = try folder.folder("cells")
    for index in 0..<3 { try PNGFile.write(Picture(width: 9, height: 9), to: folder.path("cells/\(index).png")) }
    let data = try folder.folder("case")
    try ONNXFile.writeTensor(try Tensor(zeros: [1, 3, 8, 8]), name: "x", to: data + "/input_0.pb")
    try ONNXFile.writeTensor(try Tensor([1, 2], [Float(0), 1]), name: "y", to: data + "/output_0.pb")
  }

  static let commands = [
    "infer $M $D/cells", "infer $M $D/cells --format csv", "infer $M $D/cells --format jsonl",
    "infer $M $D/cells --format csv --output -", "infer $M $D/cells --output /dev/stdout", "validate $M",
    "validate $M --json", "verify $M $D/case", "inspect $M", "bench $M --seconds 0", "bench $M --seconds 0 --json",
    "bench $M --seconds 0 --profile", "count $M $D/cells --positive 'class 0'",
    "count $M $D/cells --positive 'class 0' --format jsonl", "--help", "help", "--version", "infer --help",
    "verify --help",
  ]

  @Test(arguments: commands)
  func aFullDiskIsTold(_ command: String) throws {
    let run = try ProgramRun(script: "\"$FIELD\" \(command) >/dev/full", variables)
    #expect(run.exited && run.status == 1, "status \(run.status)")
    #expect(run.errorLines.count == 1 && run.error.contains("No space left on device"), "\(run.error)")
  }

  @Test(arguments: commands)
  func aClosedDescriptorIsTold(_ command: String) throws {
    let run = try ProgramRun(script: "\"$FIELD\" \(command) >&-", variables)
    #expect(run.exited && run.status == 1, "status \(run.status)")
    #expect(run.errorLines.count == 1 && run.error.contains("standard output"), "\(run.error)")
  }

  /// With the signal, which a shell reports as 141, and with the signal ignored, as in children of some programs.
  @Test(arguments: commands)
  func aClosedPipeIsQuiet(_ command: String) throws {
    for prefix in ["", "trap '' PIPE; "] {
      // The reader has gone before the program starts.
      let script = "\(prefix)(sleep 0.05; \"$FIELD\" \(command)) | : ; exit ${PIPESTATUS[0]}"
      let run = try ProgramRun(script: script, variables)
      #expect(run.exited && run.status == 141, "status \(run.status)")
      #expect(run.error == "", "\(run.error)")
    }
  }

  @Test func aDeviceIsWrittenToAsItIs() throws {
    let run = try ProgramRun(script: "\"$FIELD\" infer $M $D/cells --output /dev/full", variables)
    #expect(run.status == 1 && run.errorLines.count == 1, "\(run.error)")
    #expect(run.error.contains("/dev/full") && run.error.contains("No space left on device"), "\(run.error)")
  }

  @Test(arguments: ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
  func standardOutputByItsNames(_ name: String) throws {
    // The file behind it is neither truncated nor replaced: its earlier line stays.
    let script = """
      { echo before; "$FIELD" infer $M $D/cells --format csv --output \(name); } >$D/all.csv && wc -l <$D/all.csv && ls $D
      """
    let run = try ProgramRun(script: script, variables)
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.hasPrefix("5\n"), "\(run.output)")
    #expect(!run.output.contains("giemsa-"), "\(run.output)")
  }

  /// Classifying all of them would take minutes.
  @Test func aBrokenOutputEndsTheWork() throws {
    let script = """
      for i in $(seq 200); do more="$more $D/cells $D/cells $D/cells $D/cells $D/cells $D/cells $D/cells $D/cells"; done
      "$FIELD" infer $M $more $D/missing.png --format csv >/dev/full
      """
    let started = Date()
    let run = try ProgramRun(script: script, variables)
    #expect(run.status == 1)
    #expect(Date().timeIntervalSince(started) < 20)
    #expect(run.errorLines.count == 2, "\(run.error)")
  }
}
