import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// An interrupted `infer --output` leaves the folder as it was.
@Suite struct InterruptionTests {
  private let folder: TemporaryFolder
  private var variables: [String: String] { ["M": folder.path("m.onnx"), "D": folder.url.path] }

  init() throws {
    folder = try TemporaryFolder()
    try ONNXFile.write(try SmallModel.graph(), to: folder.path("m.onnx"))
    try PNGFile.write(Picture(width: 2000, height: 2000), to: folder.path("big.png"))
    _ = try folder.folder("out")
    try folder.write(Array("before\n".utf8), to: "out/a.csv")
  }

  /// Enough pictures for ten seconds, and a signal as soon as the temporary file exists. (A shell's background processes
  /// ignore Ctrl-C.)
  private static func interrupted(by signal: String) -> String {
    """
    for i in $(seq 600); do many="$many $D/big.png"; done
    env --default-signal "$FIELD" infer $M $many --format csv --output $D/out/a.csv 2>/dev/null & pid=$!
    for i in $(seq 500); do ls -A $D/out | grep -q giemsa && break; sleep 0.02; done
    ls -A $D/out | grep giemsa; kill -\(signal) $pid; wait $pid 2>/dev/null; echo status $?
    ls -A $D/out; cat $D/out/a.csv
    """
  }

  @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131), ("XCPU", 152)])
  func aSignalLeavesNothing(_ signal: String, _ status: Int) throws {
    let run = try ProgramRun(script: Self.interrupted(by: signal), variables)
    #expect(run.output == ".a.csv.giemsa-0\nstatus \(status)\na.csv\nbefore\n", "\(run.output)\(run.error)")
  }

  /// As with nohup: an ignored signal stays ignored.
  @Test func aSignalThatIsIgnoredStaysIgnored() throws {
    let script = """
      trap '' HUP; many=$(for i in $(seq 20); do echo $D/big.png; done)
      "$FIELD" infer $M $many --format csv --output $D/out/a.csv & pid=$!
      for i in $(seq 500); do ls -A $D/out | grep -q giemsa && break; sleep 0.02; done
      kill -HUP $pid; wait $pid; echo status $?; wc -l <$D/out/a.csv
      """
    let run = try ProgramRun(script: script, variables)
    #expect(run.output == "status 0\n21\n", "\(run.output)\(run.error)")
  }

  @Test func whatAKillLeavesGoesWithTheNextRun() throws {
    let killed = try ProgramRun(script: Self.interrupted(by: "KILL"), variables)
    #expect(killed.output == ".a.csv.giemsa-0\nstatus 137\n.a.csv.giemsa-0\na.csv\nbefore\n", "\(killed.output)")
    let next = try ProgramRun(
      script:
        "\"$FIELD\" infer $M $D/big.png --format csv --output $D/out/a.csv && ls -A $D/out && wc -l <$D/out/a.csv",
      variables)
    #expect(next.output == "a.csv\n2\n", "\(next.output)\(next.error)")
  }
}
