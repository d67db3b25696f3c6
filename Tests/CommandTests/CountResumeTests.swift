import Foundation
import TestSupport
import Testing

/// `count --format jsonl --output FILE` writes whole lines, and `--resume` goes on with them.
@Suite struct CountResumeTests {
  private let folder: CountingFolder
  private let whole: String
  private var arguments: [String] { ["count", folder.model, folder.path("f"), "--format", "jsonl", "--output"] }

  init() throws {
    folder = try CountingFolder()
    for index in 0..<4 { try folder.draw("f/\(index).png", infected: index) }
    whole = try ProgramRun("giemsa-field", ["count", folder.model, folder.path("f"), "--format", "jsonl"]).output
  }

  private func content(_ name: String) throws -> String {
    try String(contentsOfFile: folder.path(name), encoding: .utf8)
  }

  /// Cut in the third field's line; behind the fields' lines; whole; empty; missing.
  @Test func anyBeginningIsCompleted() throws {
    let lines = whole.split(separator: "\n", omittingEmptySubsequences: false)
    let two = lines[..<2].joined(separator: "\n") + "\n"
    let cuts = [two + lines[2].prefix(300), two, lines[..<4].joined(separator: "\n") + "\n", whole, ""]
    for cut in cuts {
      try folder.folder.write(Array(cut.utf8), to: "out.jsonl")
      let run = try ProgramRun("giemsa-field", arguments + [folder.path("out.jsonl"), "--resume"])
      #expect(run.status == 0, "\(run.error)")
      #expect(try content("out.jsonl") == whole)
    }
    #expect(try ProgramRun("giemsa-field", arguments + [folder.path("new.jsonl"), "--resume"]).status == 0)
    #expect(try content("new.jsonl") == whole)
  }

  @Test func withoutResumeTheFileIsReplaced() throws {
    try folder.folder.write(Array("something else".utf8), to: "out.jsonl")
    #expect(try ProgramRun("giemsa-field", arguments + [folder.path("out.jsonl")]).status == 0)
    #expect(try content("out.jsonl") == whole)
  }

  @Test func whatDoesNotFitIsRefusedUntouched() throws {
    for (text, clue) in [
      ("path,class\n", "not a line of count"), ("{\"slide\": \"a\", \"cells\": []}\n", "not a field's line"),
      (whole + whole, "not a field's line"),
    ] {
      try folder.folder.write(Array(text.utf8), to: "out.jsonl")
      try expectOneClearLine("giemsa-field", arguments + [folder.path("out.jsonl"), "--resume"], naming: [clue])
      #expect(try content("out.jsonl") == text)
    }
    try folder.folder.write(Array(whole.utf8), to: "out.jsonl")
    try expectOneClearLine(
      "giemsa-field", arguments + [folder.path("out.jsonl"), "--resume", "--threshold", "0.9"],
      naming: ["another model or threshold", "0.9"])
    #expect(try content("out.jsonl") == whole)
  }

  /// Ctrl-C, or a kill, in the midst of 60 fields: whole lines stay, the status is the signal's, and the rest is counted by
  /// `--resume`.
  @Test(arguments: [("INT", 130), ("KILL", 137)]) func interruptedAndResumed(_ signal: String, _ status: Int) throws {
    for index in 0..<60 {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path("f/link-\(index).png"), withDestinationPath: folder.path("f/1.png"))
    }
    let script = """
      set -- count $M $D/f --format jsonl --threads 2 --output $D/out.jsonl
      env --default-signal "$FIELD" "$@" 2>$D/err & pid=$!
      for i in $(seq 500); do [ "$(wc -l <$D/out.jsonl 2>/dev/null || echo 0)" -ge 5 ] && break; sleep 0.02; done
      kill -\(signal) $pid; wait $pid 2>/dev/null; echo status $?; wc -l <$D/out.jsonl; cat $D/err
      tail -c 1 $D/out.jsonl | od -An -c
      "$FIELD" "$@" --resume 2>/dev/null; echo status $?; wc -l <$D/out.jsonl
      """
    let run = try ProgramRun(script: script, ["M": folder.model, "D": folder.folder.url.path])
    let lines = run.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    try #require(lines.count >= 5 && lines[0] == "status \(status)", "\(run.output)")
    #expect((Int(lines[1]) ?? 0) >= 5 && (Int(lines[1]) ?? 999) < 64, "\(run.output)")
    // A kill leaves no time to say anything, and perhaps a part of a line.
    if signal == "INT" {
      #expect(lines[2].contains("interrupted after") && lines[2].contains("--resume"), "\(run.output)")
      #expect(lines[3] == "\\n", "\(run.output)")
    }
    #expect(lines.suffix(2) == ["status 0", "65"], "\(run.output)")
  }
}
