import Foundation
import Imaging
import ONNXFormat
import TestSupport
import Testing

/// `infer --watch` answers pictures as they appear in a folder, until a signal.
@Suite(.serialized) struct WatchTests {
  private let folder: TemporaryFolder
  private var variables: [String: String] { ["D": folder.path] }

  init() throws {
    folder = try TemporaryFolder()
    try ONNXFile.write(try SmallModel.graph(), to: folder.path("m.onnx"))
    try PNGFile.write(Picture(width: 9, height: 9), to: folder.path("ok.png"))
    _ = try folder.folder("in")
  }

  /// `watch OPTION…` starts it, with answers in `out`; `lines N FILE` waits until the file has so many; `stop SIGNAL` sends one
  /// and tells the status.
  private static let functions = """
    cd $D
    watch() { env --default-signal "$FIELD" infer m.onnx in --watch "$@" >out 2>err & pid=$!; }
    lines() { for i in $(seq 1200); do [ "$(wc -l <$2 2>/dev/null || echo 0)" -ge $1 ] && return; sleep 0.05; done; }
    stop() { kill -$1 $pid; wait $pid 2>/dev/null; echo status $?; }

    """

  private func run(_ script: String) throws -> ProgramRun { try ProgramRun(script: Self.functions + script, variables) }

  private func lines(_ name: String) -> [String] {
    ((try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? "").split(separator: "\n").map { String($0) }
  }

  /// A file that is there, one that comes under another name, one that comes in pieces, one that is replaced; a hidden one.
  @Test(arguments: [("csv", "INT"), ("jsonl", "TERM"), ("table", "INT")])
  func picturesAreAnsweredAsTheyAppear(_ format: String, _ signal: String) throws {
    let header = format == "jsonl" ? 0 : 1
    let run = try run(
      """
      cp ok.png in/0.png; cp ok.png in/.hidden.png
      watch --format \(format); lines \(1 + header) out
      mkdir in/sub; cp ok.png in/sub/.part; mv in/sub/.part in/sub/1.png; lines \(2 + header) out
      for i in $(seq 1 10 $(wc -c <ok.png)); do tail -c +$i ok.png | head -c 10 >>in/2.png; sleep 0.3; done; lines \(3 + header) out
      cp ok.png new.png; mv new.png in/0.png; lines \(4 + header) out; rm in/2.png
      sleep 2.5; stop \(signal)
      """)
    #expect(run.output == "status 0\n", "\(run.output)\(lines("err"))")
    let found = lines("out").dropFirst(header).prefix(4).map { line in
      ["in/0.png", "in/sub/1.png", "in/2.png"].first { line.contains($0) } ?? line
    }
    #expect(found == ["in/0.png", "in/sub/1.png", "in/2.png", "in/0.png"], "\(lines("out"))")
    // The summary: among the answers, or where it does not disturb a machine.
    #expect(lines(format == "table" ? "out" : "err").last?.hasPrefix("4 pictures: ") == true, "\(lines("err"))")
    #expect(lines(format == "table" ? "out" : "err").last?.contains("could not be read") == false)
    if format != "table" { #expect(lines("out").count == 4 + header) }
  }

  /// Lines are in the file as they come, whole, whatever ends the program; the first one replaces an earlier file.
  @Test(arguments: ["csv", "jsonl"]) func aFileOfAnswersGrows(_ format: String) throws {
    let header = format == "jsonl" ? 0 : 1
    let run = try run(
      """
      echo earlier >a; watch --format \(format) --output a; sleep 1.5; cat a
      cp ok.png in/0.png; lines \(1 + header) a; cp ok.png in/1.png; lines \(2 + header) a; stop KILL
      """)
    #expect(run.output == "earlier\nstatus 137\n", "\(run.output)")
    let text = try String(contentsOfFile: folder.path("a"), encoding: .utf8)
    #expect(text.hasSuffix("\n") && !text.contains("earlier"), "\(text)")
    #expect(lines("a").count == 2 + header)
    #expect(lines("a")[header].contains("in/0.png") && lines("a")[header + 1].contains("in/1.png"), "\(text)")
  }

  @Test func withoutPicturesThereIsASummaryOnly() throws {
    let run = try run("watch --format csv; sleep 0.5; stop TERM; ls")
    #expect(run.output == "status 0\nerr\nin\nm.onnx\nok.png\nout\n", "\(run.output)")
    #expect(lines("out") == [])
    #expect(lines("err") == ["0 pictures: class 0 0, class 1 0; 0.0 pictures/s"])
  }

  /// What is damaged, or in a format that is not read, is told at once; mended, it is answered, and the status is 0.
  @Test func damagedPicturesAreToldOnce() throws {
    let run = try run(
      """
      head -c 40 ok.png >in/0.png; printf 'GIF89a' >in/1.gif; watch --format jsonl; lines 2 err
      sleep 2.5; wc -l <err; stop TERM; cp err first
      watch --format jsonl; lines 2 err; cp ok.png in/0.png; rm in/1.gif; cp ok.png in/1.gif; lines 2 out; stop TERM
      """)
    #expect(run.output == "2\nstatus 1\nstatus 0\n", "\(run.output)\(lines("first"))\(lines("err"))")
    let first = lines("first")
    #expect(first.count == 3 && first[0].contains("in/0.png: damaged PNG") && first[1].contains("in/1.gif: GIF is not"))
    #expect(first.last?.contains("2 could not be read") == true, "\(first)")
    #expect(lines("err").last?.contains("could not be read") == false)
  }

  @Test func aFolderMayGoAndComeBack() throws {
    let run = try run(
      """
      watch --format jsonl; sleep 1; rmdir in; lines 1 err; sleep 1.5; mkdir in; cp ok.png in/0.png; lines 1 out; stop INT
      """)
    #expect(run.output == "status 1\n", "\(run.output)")
    let told = lines("err")
    #expect(told.count == 2 && told[0].contains("in: No such file"), "\(told)")
  }

  @Test func twentyThousandThatAreThereAreAnsweredOnce() throws {
    let run = try run(
      """
      (cd in; for i in $(seq 20000); do echo $i.png; done | xargs -n 1000 sh -c 'for name; do ln ../ok.png $name; done' -)
      watch --format jsonl --batch 64; lines 20000 out
      cp ok.png in/later.png; lines 20001 out; sleep 2.5; stop TERM
      wc -l <out; sort -u out | wc -l; tail -n 1 out
      """)
    let lines = run.output.split(separator: "\n")
    try #require(lines.count == 4, "\(run.output)\(run.error)")
    #expect(lines[0] == "status 0" && lines[1] == "20001" && lines[2] == "20001" && lines[3].contains("in/later.png"))
  }

  /// Files that are written, renamed, replaced and removed while they are found and read: nothing is complained about, every
  /// line is whole, and each picture that stays is answered.
  @Test func filesThatChangeAllTheTime() throws {
    let run = try run(
      """
      watch --format jsonl
      for round in $(seq 40); do
        mkdir -p in/$((round % 7))
        for i in $(seq 25); do cp ok.png in/$((round % 7))/.$i; mv in/$((round % 7))/.$i in/$((round % 7))/$round-$i.png; done
        [ $((round % 3)) = 0 ] && rm -r in/$((round % 7))
        [ $((round % 5)) = 0 ] && cp ok.png other && for file in in/*/*-1.png; do cp ok.png other; mv other $file; done
        sleep 0.1
      done
      for i in $(seq 600); do
        for file in in/*/*.png; do echo $file; done >there; missing=0
        grep -o 'in/[^"]*' out | sort -u >answered; sort there | comm -23 - answered >missing; [ -s missing ] || break
        sleep 0.1
      done
      stop TERM; cat missing; grep -vc '^{"path": "in/.*}}$' out; wc -l <err
      """)
    #expect(run.output == "status 0\n0\n1\n", "\(run.output)\(run.error)\(lines("err"))")
  }

  /// A reader that has gone is noticed with the next picture.
  @Test func aClosedPipeEndsIt() throws {
    let run = try run(
      """
      cp ok.png in/0.png
      { env --default-signal "$FIELD" infer m.onnx in --watch --format jsonl 2>err; echo status $? >status; } | head -n 1 >out &
      lines 1 out; sleep 0.2; cp ok.png in/1.png; wait; cat status err
      """)
    #expect(run.output == "status 141\n", "\(run.output)")
  }

  @Test func itWantsFolders() throws {
    for (path, clue) in [
      ("missing", "missing: No such file"), ("ok.png", "ok.png: not a folder, which --watch wants"),
    ] {
      try expectOneClearLine(
        "giemsa-field", ["infer", folder.path("m.onnx"), folder.path(path), "--watch"], naming: [clue])
    }
  }
}
