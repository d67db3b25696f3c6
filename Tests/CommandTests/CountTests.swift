import Foundation
import Imaging
import ONNXFormat
import PictureModels
import TestSupport
import Testing

@Suite struct CountTests {
  @Test func fieldsAndSlidesAsJSONLines() throws {
    let folder = try CountingFolder()
    try folder.draw("a/1.png", infected: 5)
    try folder.draw("a/2.png", infected: 3)
    try folder.draw("b/1.png")
    // A field that is named twice counts once.
    let run = try ProgramRun(
      "giemsa-field",
      ["count", folder.model, folder.path("a"), folder.path("a/1.png"), folder.path("b"), "--format", "jsonl"])
    #expect(run.status == 0, "\(run.error)")
    let lines = try CountLines(run.output)
    #expect(lines.fields.map { $0["path"] as? String } == ["a/1.png", "a/2.png", "b/1.png"].map { folder.path($0) })
    #expect(lines.slides.map { $0["slide"] as? String } == [folder.path("a"), folder.path("b")])
    #expect(CountLines.numbers(lines.fields, "infected") == [5, 3, 0])
    #expect(CountLines.numbers(lines.fields, "width") == [760, 760, 760])
    let red = CountLines.numbers(lines.fields, "redCells")
    #expect(red.allSatisfy { $0 == red[0] } && red[0] >= 35 && red[0] <= 48, "\(red)")
    #expect(CountLines.numbers(lines.slides, "redCells") == [2 * red[0], red[0]])
    #expect(CountLines.numbers(lines.slides, "infected") == [8, 0])
    #expect(CountLines.numbers(lines.slides, "fields") == [2, 1])
    let cells = try #require(lines.fields[0]["cells"] as? [[String: Any]])
    #expect(cells.count == 48)
    #expect(cells.filter { $0["class"] as? String == "infected" }.count == 5)
    #expect(cells.filter { $0["counted"] as? Bool == true }.count == red[0])
    let boxes = cells.compactMap { $0["box"] as? [Int] }
    #expect(boxes.contains { abs($0[0] - 48) <= 2 && abs($0[1] - 48) <= 2 && abs($0[2] - 46) <= 4 }, "\(boxes[0])")
    let parasitaemia = try #require(lines.slides[0]["parasitaemia"] as? Double)
    #expect(abs(parasitaemia - 800 / Double(2 * red[0])) < 1e-3)
    #expect(lines.slides[0]["aboveNone"] as? Bool == true && lines.slides[1]["aboveNone"] as? Bool == false)
    #expect(lines.slides[0]["corrected"] as? Bool == false)
    #expect(run.errorLines.contains { $0.contains("not corrected") })
  }

  @Test func tableAndCSV() throws {
    let folder = try CountingFolder()
    try folder.draw("S1_IMG_1.png", infected: 4)
    try folder.draw("S1_IMG_2.png", infected: 4)
    try folder.draw("S2_IMG_1.png")
    let arguments = ["count", folder.model, folder.folder.url.path, "--slide-from", "name", "--rbc-per-ul", "4000000"]
    let table = try ProgramRun("giemsa-field", arguments)
    #expect(
      table.output.contains("\nS1  ") && table.output.contains("\nS2: not distinguishable from none"), "\(table.output)"
    )
    #expect(table.output.contains("±25 % takes "))
    let csv = try ProgramRun("giemsa-field", arguments + ["--format", "csv"])
    let rows = csv.output.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows.count == 6 && rows.allSatisfy { $0.count == 16 }, "\(csv.output)")
    #expect(rows.dropFirst().map { $0[0] } == ["field", "field", "field", "slide", "slide"])
    let slide = rows[4]
    #expect(slide[1] == "S1" && slide[5] == "8" && slide[14] == "yes")
    let (share, parasites) = (try #require(Double(slide[8])), try #require(Double(slide[11])))
    #expect(abs(parasites - share * 40_000) < 3)
    let all = try ProgramRun("giemsa-field", arguments.dropLast(3) + ["all", "--format", "csv"])
    #expect(all.output.split(separator: "\n").last?.hasPrefix("slide,all,,3,") == true, "\(all.output)")
  }

  /// A cell whose upper left quarter alone is dark: the model calls it infected in two of eight orientations.
  @Test func looksInEightOrientations() throws {
    let folder = try CountingFolder()
    try folder.draw("1.png", infected: 2) { picture in
      CountingFolder.disc(&picture, CountingFolder.centre(10), radius: 24, (150, 100, 112)) { x, y in x < 0 && y < 0 }
    }
    func count(_ more: [String], looks: Int? = nil, batch: Int = 8) throws -> ProgramRun {
      let model = try CountingFolder.model(corner: true) { metadata in
        (metadata.looks, metadata.threshold) = (looks, 0.5)
        metadata.sensitivity = ObservedRate(hits: 90, count: 100)
        metadata.specificity = ObservedRate(hits: 1000, count: 1000)
      }
      try ONNXFile.write(model, to: folder.path("corner.onnx"))
      let run = try ProgramRun(
        "giemsa-field",
        ["count", folder.path("corner.onnx"), folder.path("1.png"), "--format", "jsonl", "--batch", "\(batch)"] + more)
      #expect(run.status == 0, "\(run.error)")
      return run
    }
    func infected(_ run: ProgramRun) throws -> [Int] {
      CountLines.numbers(try CountLines(run.output).fields, "infected")
    }
    let once = try count([])
    #expect(try infected(once) == [3] && !once.error.contains("not corrected"))
    let recorded = try count([], looks: 8)
    #expect(try infected(recorded) == [2] && !recorded.error.contains("not corrected"))
    #expect(try count([], looks: 8, batch: 3).output == recorded.output)
    // The recorded rates are those of other looks.
    let asked = try count(["--looks", "8"])
    #expect(try infected(asked) == [2] && asked.error.contains("not corrected"))
    #expect(try infected(try count(["--looks", "1"], looks: 8)) == [3])
    let wrong = try ProgramRun("giemsa-field", ["count", folder.model, folder.path("1.png"), "--looks", "3"])
    #expect(wrong.status == 2 && wrong.error.contains("--looks 3 must be 1 or 8"))
  }

  /// What is as dark and blue as a nucleus, but no larger than a red cell, may be a schizont: the model decides.
  @Test func schizontsAreRedCells() throws {
    let folder = try CountingFolder()
    let nucleus: (UInt8, UInt8, UInt8) = (90, 50, 130)
    try folder.draw("1.png") { picture in
      CountingFolder.disc(&picture, CountingFolder.centre(18), radius: 25, nucleus)
      CountingFolder.disc(&picture, CountingFolder.centre(21), radius: 36, nucleus)
    }
    func kinds(_ model: String) throws -> [String] {
      let run = try ProgramRun("giemsa-field", ["count", model, folder.path("1.png"), "--format", "jsonl"])
      let cells = try #require(try CountLines(run.output).fields.first?["cells"] as? [[String: Any]])
      return [18, 21].map { number in
        let (x, y) = CountingFolder.centre(number)
        let cell = cells.first {
          let box = $0["box"] as? [Int] ?? [0, 0, 0, 0]
          return abs(2 * box[0] + box[2] - 2 * x) < 12 && abs(2 * box[1] + box[3] - 2 * y) < 12
        }
        return "\(cell?["kind"] ?? "none"), \(cell?["class"] ?? "none")"
      }
    }
    let kind = try kinds(folder.model)
    #expect(kind[0] == "red cell, infected" && kind[1].hasPrefix("white cell"), "\(kind)")
    // A model that never finds cells so dark infected leaves both as they are.
    try ONNXFile.write(try CountingFolder.model { $0.positive = "healthy" }, to: folder.path("other.onnx"))
    #expect(try kinds(folder.path("other.onnx")).allSatisfy { $0.hasPrefix("white cell") })
  }

  @Test func theSameOnAnyNumberOfThreads() throws {
    let folder = try CountingFolder()
    for index in 0..<7 { try folder.draw("\(index).png", infected: index) }
    let arguments = ["count", folder.model, folder.folder.url.path, "--format", "jsonl"]
    let one = try ProgramRun("giemsa-field", arguments)
    let three = try ProgramRun("giemsa-field", arguments + ["--threads", "3", "--batch", "5"])
    #expect(one.status == 0 && one.output == three.output)
    // Without JSON lines the cells outside the frame are not judged.
    let table = try ProgramRun("giemsa-field", arguments.dropLast() + ["csv"])
    let rows = table.output.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let fields = try CountLines(one.output).fields
    #expect(rows.prefix(7).map { Int($0[4]) } == CountLines.numbers(fields, "redCells"))
    #expect(rows.prefix(7).map { Int($0[5]) } == CountLines.numbers(fields, "infected"))
    let stopped = try ProgramRun("giemsa-field", arguments + ["--stop", "--cells", "100"])
    let stoppedByThree = try ProgramRun("giemsa-field", arguments + ["--stop", "--cells", "100", "--threads", "3"])
    #expect(try CountLines(stopped.output).fields.count == 3 && stopped.output == stoppedByThree.output)
    #expect(stopped.errorLines.contains { $0.contains("--stop left out 4 fields") }, "\(stopped.error)")
  }

  /// 4 of 400 healthy cells are judged infected by mistake: three dark ones of fields with hundreds are no infection.
  @Test func ratesCorrectTheResult() throws {
    let folder = try CountingFolder {
      $0.sensitivity = ObservedRate(hits: 90, count: 100)
      $0.specificity = ObservedRate(hits: 396, count: 400)
    }
    for index in 0..<8 { try folder.draw("few/\(index).png", infected: index < 3 ? 1 : 0) }
    for index in 0..<8 { try folder.draw("many/\(index).png", infected: 8) }
    let arguments = ["count", folder.model, folder.path("few"), folder.path("many"), "--format", "jsonl"]
    let lines = try CountLines(try ProgramRun("giemsa-field", arguments).output)
    #expect(lines.slides.map { $0["corrected"] as? Bool } == [true, true])
    #expect(lines.slides.map { $0["aboveNone"] as? Bool } == [false, true])
    let observed = try #require(lines.slides[1]["observed"] as? Double)
    let corrected = try #require(lines.slides[1]["parasitaemia"] as? Double)
    #expect(abs(corrected - (observed - 1) / 0.89) < 1e-3)
    // Another threshold is another test, whose rates nobody observed.
    let other = try CountLines(try ProgramRun("giemsa-field", arguments + ["--threshold", "0.7"]).output)
    #expect(other.slides.map { $0["corrected"] as? Bool } == [false, false])
  }

  @Test func overlaysShowTheCells() throws {
    let folder = try CountingFolder()
    try folder.draw("a.png", infected: 3)
    let run = try ProgramRun(
      "giemsa-field", ["count", folder.model, folder.path("a.png"), "--overlay", folder.path("o")])
    #expect(run.status == 0, "\(run.error)")
    let overlay = try PictureFile(folder.path("o/a.png.png")).picture
    let pixels = stride(from: 0, to: overlay.pixels.count, by: 3).map { Array(overlay.pixels[$0..<($0 + 3)]) }
    #expect(pixels.filter { $0 == [240, 228, 66] }.count > 100 && pixels.filter { $0 == [0, 114, 178] }.count > 1000)
  }

  @Test func otherFilesAreNamedAndDamagedOnesGiveStatus1() throws {
    let folder = try CountingFolder()
    try folder.draw("f/1.png", infected: 1)
    try folder.folder.write(Array("\u{89}PNG damaged".utf8), to: "f/2.png")
    try folder.folder.write(Array("notes".utf8), to: "f/notes.txt")
    let run = try ProgramRun("giemsa-field", ["count", folder.model, folder.path("f"), "--format", "csv"])
    #expect(run.status == 1 && run.output.split(separator: "\n").count == 3, "\(run.output)")
    #expect(run.errorLines.contains { $0.contains("2.png") } && run.errorLines.contains { $0.contains("notes.txt") })
    #expect(run.errorLines.last?.contains("1 without a result") == true, "\(run.error)")
  }

  @Test func emptyFieldsAndCheckedSizes() throws {
    let folder = try CountingFolder()
    try folder.draw("empty.png", cells: 0)
    try folder.draw("full.png", infected: 1)
    let arguments = ["count", folder.model, folder.path("empty.png"), folder.path("full.png")]
    let run = try ProgramRun("giemsa-field", arguments + ["--pixel-size", "500"])
    #expect(run.status == 0)
    #expect(
      run.errorLines.contains { $0.contains("no red cells in 1 field") && $0.contains("empty.png") }, "\(run.error)")
    #expect(run.errorLines.contains { $0.contains("full.png") && $0.contains("µm") }, "\(run.error)")
    let right = try ProgramRun("giemsa-field", arguments + ["--pixel-size", "150"])
    #expect(!right.error.contains("µm"))
  }

  @Test func mistakesInOneLine() throws {
    let nameless = try CountingFolder { $0.positive = nil }
    try nameless.draw("a.png", infected: 2)
    try expectOneClearLine(
      "giemsa-field", ["count", nameless.model, nameless.path("a.png")], naming: ["infected, healthy", "--positive"])
    try expectOneClearLine(
      "giemsa-field", ["count", nameless.model, nameless.path("a.png"), "--positive", "ring"], naming: ["'ring'"])
    let named = try ProgramRun(
      "giemsa-field", ["count", nameless.model, nameless.path("a.png"), "--positive", "infected", "--format", "csv"])
    #expect(named.status == 0 && named.output.contains(",2,"))
    for (arguments, clue) in [
      (["--format", "xml"], "xml"), (["--slide-from", "patient"], "patient"), (["--resume"], "--output"),
      (["--threshold", "2"], "--threshold"), (["--cell", "round"], "real 0.15"), (["--cells", "0"], "--cells"),
      (["--rbc-per-ul", "x"], "--rbc-per-ul"),
    ] {
      try expectOneClearLine(
        "giemsa-field", ["count", nameless.model, nameless.path("a.png")] + arguments, naming: [clue])
    }
    try expectOneClearLine("giemsa-field", ["count", nameless.model], naming: ["count MODEL PATH…"])
    try expectOneClearLine(
      "giemsa-field", ["count", nameless.model, nameless.path("none"), "--positive", "infected"], naming: ["none"])
  }

  @Test func benchCountsASlide() throws {
    let folder = try CountingFolder()
    for index in 0..<3 { try folder.draw("f/\(index).png", infected: index) }
    try folder.folder.write([1, 2, 3], to: "broken.png")
    let run = try ProgramRun("giemsa-field", ["bench", folder.model, folder.path("f"), "--count", "--json"])
    #expect(run.status == 0, "\(run.error)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(object["fields"] as? Int == 3 && object["cells"] as? Int ?? 0 > 100, "\(run.output)")
    for key in ["seconds", "load_ms", "read_ms", "find_ms", "cut_ms", "judge_ms", "cells_per_s", "peak_rss_mib"] {
      #expect(object[key] as? Double ?? 0 > 0, "\(key)")
    }
    let table = try ProgramRun(
      "giemsa-field", ["bench", folder.model, folder.path("f"), folder.path("broken.png"), "--count", "--threads", "2"])
    #expect(table.status == 1 && table.output.contains("judge them") && table.error.contains("broken.png"))
    try expectOneClearLine("giemsa-field", ["bench", folder.model, "--count"], naming: ["--count wants fields"])
    try expectOneClearLine(
      "giemsa-field", ["bench", folder.model, folder.path("f"), "--count", "--profile"], naming: ["--profile"])
  }
}
