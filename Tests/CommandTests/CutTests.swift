import Foundation
import TestSupport
import Testing

/// `giemsa cut` on drawn fields: its folder, its table, and what it says of bad input.
@Suite struct CutTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func draw(_ count: Int) throws {
    let run = try ProgramRun(
      "giemsa",
      [
        "synthesize", folder.path("film"), "--fields", "\(count)", "--field-size", "800x600", "--parasitaemia", "10",
        "--seed", "5",
      ])
    #expect(run.status == 0, "\(run.error)")
  }

  private func cut(_ more: [String], _ fields: String = "film/fields", out: String = "cells") throws -> ProgramRun {
    try ProgramRun("giemsa", ["cut", folder.path(fields), "--out", folder.path(out)] + more)
  }

  @Test func drawnFieldsBecomeATrainingSet() throws {
    try draw(12)
    let run = try cut([
      "--boxes", folder.path("film/boxes.json"), "--class", "infected", "--class", "uninfected=red blood cell",
    ])
    #expect(run.status == 0 && run.errorLines.isEmpty, "\(run.error)")
    let lines = run.output.split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }
    #expect(lines.first == ["class", "boxes", "matched", "missed", "found", "F1"], "\(run.output)")
    let all = try #require(lines.first { $0.first == "all" })
    #expect(try #require(Double(all[5])) >= 0.85, "\(run.output)")
    #expect(Int(all[1]) == (Int(all[2]) ?? 0) + (Int(all[3]) ?? 0))
    #expect(run.output.contains(", cut as 'real 0.15'"), "\(run.output)")
    #expect(try String(contentsOfFile: folder.path("cells/cell.txt"), encoding: .utf8) == "real 0.15\n")
    // Slides stay together.
    let trained = try ProgramRun(
      "giemsa",
      [
        "train", folder.path("cells"), "--arch", "resnet18", "--size", "16", "--epochs", "1", "--threads", "2",
        "--balance", "0.2", "--draws", "64", "--out", folder.path("run"),
      ])
    #expect(trained.status == 0 && trained.error.contains("by slide"), "\(trained.error)")
  }

  /// Boxes of a third of the cells: the others are cut only if a class is named for them.
  @Test func cellsWithoutABox() throws {
    try draw(2)
    var boxes = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder.path("film/boxes.json"))))
        as? [String: Any])
    let all = try #require(boxes["annotations"] as? [Any])
    boxes["annotations"] = all.enumerated().filter { $0.offset % 3 == 0 }.map { $0.element }
    try folder.write(Array(try JSONSerialization.data(withJSONObject: boxes)), to: "some.json")
    func counts(_ more: [String], out: String) throws -> (infected: Int, uninfected: Int) {
      let run = try cut(
        ["--boxes", folder.path("some.json"), "--class", "infected", "--class", "uninfected=red blood cell"] + more,
        out: out)
      #expect(run.status == 0, "\(run.error)")
      #expect(run.output.contains("taken for") == !more.isEmpty, "\(run.output)")
      func count(_ label: String) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path("\(out)/\(label)")).count) ?? 0
      }
      return (count("infected"), count("uninfected"))
    }
    let (boxed, more) = (try counts([], out: "boxed"), try counts(["--unmatched", "uninfected"], out: "more"))
    #expect(more.infected == boxed.infected)
    #expect(more.uninfected > boxed.uninfected * 3 / 2, "\(boxed) \(more)")
    let apart = try counts(["--unmatched", "other"], out: "apart")
    #expect(apart.infected == boxed.infected && apart.uninfected == boxed.uninfected)
    let others = try FileManager.default.contentsOfDirectory(atPath: folder.path("apart/other")).count
    #expect(others == more.uninfected - boxed.uninfected)
  }

  @Test func stripsHaveNoCells() throws {
    for (width, height) in [(16000, 8), (8, 16000), (16384, 1), (3, 300)] {
      try folder.write(RawPNG.grey8(width: width, height: height), to: "strips/\(width)x\(height).png")
    }
    let run = try cut([], "strips")
    #expect(run.exited && run.status == 0, "\(run.error)")
    #expect(run.output.contains("0 cells of 4 pictures"), "\(run.output)")
  }

  @Test func whatIsWrongIsSaid() throws {
    try draw(2)
    let boxes = ["--boxes", folder.path("film/boxes.json")]
    for (more, status, part) in [
      (["--class", "a=b"], 2, "give their file with --boxes"), (["--margin", "5"], 2, "--margin 5"),
      (["--margin", "nan"], 2, "--margin nan"), (["--threads", "0"], 2, "--threads 0"),
      (["--single"], 2, "--surroundings black"), (["--single", "--surroundings", "black"] + boxes, 2, "--single"),
      (boxes + ["--class", "infected=rings"], 1, "has no category 'rings'"),
      (["--unmatched", "infected"], 2, "give the boxes with --boxes"),
      (boxes + ["--unmatched", "a/b"], 1, "cannot have slashes"),
      (["--boxes", folder.path("none.json")], 1, "none.json"),
      (["--single", "--surroundings", "black"], 1, "no class folders"),
    ] {
      let run = try cut(more)
      #expect(run.exited && run.status == status && run.error.contains(part), "\(more): \(run.error)")
      #expect(run.errorLines.count == 1, "\(run.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("cells")))
    #expect(try cut([], "nowhere").error.contains("nowhere"))
    // One field is damaged, another has no boxes; the other one is cut, and the status says that something is missing.
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("film/fields")).sorted()
    try Data("x".utf8).write(to: URL(filePath: folder.path("film/fields/\(names[0])")))
    try FileManager.default.copyItem(
      atPath: folder.path("film/fields/\(names[1])"), toPath: folder.path("film/fields/other.png"))
    let run = try cut(boxes)
    #expect(run.status == 1 && run.error.contains(names[0]) && run.error.contains("no boxes for 1 picture"))
    #expect(run.output.contains("of 1 picture in"), "\(run.output)")
    #expect(try cut(boxes).error.contains("not empty"))
  }
}
