import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// What the lab reports with results: the positive class, ignored files, contradictory labels.
@Suite struct PositiveClassCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ name: String, _ seed: Int) throws {
    let pixels = (0..<(16 * 16 * 3)).map { UInt8(($0 * (seed * 2 + 3) + seed * 41) % 256) }
    try PNGFile.write(Picture(width: 16, height: 16, pixels: pixels), to: folder.path(name))
  }

  private func cells(_ classes: [String], count: Int = 8, named name: String = "cells") throws -> String {
    for (label, text) in classes.enumerated() {
      _ = try folder.folder("\(name)/\(text)")
      for index in 0..<count {
        try write("\(name)/\(text)/S\(index % 4)_IMG_\(label)\(index).png", label * 100 + index)
      }
    }
    return folder.path(name)
  }

  private func train(_ data: String, _ more: [String] = []) throws -> ProgramRun {
    let out = more.contains("--out") ? [] : ["--out", folder.path("run")]
    return try ProgramRun(
      "giemsa",
      ["train", data, "--arch", "resnet18", "--size", "16", "--epochs", "1", "--batch", "4", "--threads", "1"] + out
        + more)
  }

  private func text(_ name: String) throws -> String { try String(contentsOfFile: folder.path(name), encoding: .utf8) }

  private func metadata(_ name: String) throws -> [String: String] {
    Dictionary(try ONNXFile.read(folder.path(name)).metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  @Test func namesDecide() throws {
    let data = try cells(["healthy", "infected"])
    let run = try train(data)
    #expect(run.status == 0 && run.error.contains("positive class: infected (from the class names"), "\(run.error)")
    #expect(try text("run/card.md").contains("positive class: infected (from the class names"))
    #expect(try text("run/card.md").contains("| Sensitivity (infected) |"))
    #expect(try text("run/settings.json").contains("\"positive\" : \"infected\""))
    let model = folder.path("m.onnx")
    let exported = try ProgramRun("giemsa", ["export", folder.path("run"), "--out", model])
    #expect(exported.status == 0 && exported.output.contains("positive class: infected"))
    #expect(try metadata("m.onnx")["giemsa.positive"] == "infected")
    // The exported file records the positive class and its training slides, without a run beside it.
    let report = folder.path("report.html")
    let judged = try ProgramRun("giemsa", ["evaluate", model, data, "--report", report])
    #expect(judged.output.contains("positive class: infected (recorded with the model)"))
    #expect(judged.output.contains("infected predicted as healthy)\nfalse-positive"), "\(judged.output)")
    #expect(judged.error.contains("slides have cells here that the model was trained on"), "\(judged.error)")
    #expect(try text("report.html").contains("Sensitivity (infected)"))
    for (key, value) in try metadata("m.onnx") where key != "giemsa.card" { #expect(!value.contains("S1"), "\(key)") }
    // Another positive class at export: the same rates under other names.
    let other = try ProgramRun("giemsa", ["export", folder.path("run"), "--out", model, "--positive", "healthy"])
    #expect(other.status == 0)
    #expect(try metadata("m.onnx")["giemsa.positive"] == "healthy")
    #expect(try metadata("m.onnx")["giemsa.card"]?.contains("| Sensitivity (healthy) |") == true)
    try expectOneClearLine(
      "giemsa", ["export", folder.path("run"), "--out", model, "--positive", "sick"],
      naming: ["--positive sick", "healthy"])
    try expectOneClearLine(
      "giemsa", ["evaluate", model, data, "--positive", "sick"], naming: ["--positive sick", "healthy"])
  }

  @Test func namesThatDoNotSay() throws {
    let data = try cells(["round", "square"])
    let run = try train(data, ["--folds", "2"])
    #expect(run.status == 0 && run.output.contains("no positive class"), "\(run.error)")
    let judged = try ProgramRun(
      "giemsa", ["evaluate", folder.path("run"), data, "--report", folder.path("report.html")])
    #expect(judged.status == 0, "\(judged.error)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("run/card.md")))
    let texts = [
      run.output, judged.output, try text("run/folds.csv"), try text("run/fold-1/card.md"), try text("report.html"),
    ]
    for text in texts {
      for word in ["ensitivity", "pecificity", "alse-negative", "redictive"] {
        #expect(!text.contains(word), "\(text)")
      }
      #expect(text.contains("ecall of square") || text.contains("recall"))
    }
    #expect(try metadata("run/fold-1/best.onnx")["giemsa.positive"] == nil)
    let named = try ProgramRun("giemsa", ["evaluate", folder.path("run"), data, "--positive", "square"])
    #expect(named.output.contains("sensitivity") && named.output.contains("positive class: square (--positive)"))
    try expectOneClearLine(
      "giemsa", ["export", folder.path("run"), "--out", folder.path("m.onnx")], naming: ["in folds", "run/fold-1"])
  }

  @Test func theOptionDecides() throws {
    let data = try cells(["round", "square"])
    let run = try train(data, ["--positive", "square", "--folds", "2"])
    #expect(run.status == 0, "\(run.error)")
    #expect(try text("run/folds.csv").contains("sensitivity,specificity,positive_class\n1,"))
    #expect(try text("run/folds.csv").contains(",square\n"))
    #expect(try text("run/fold-2/card.md").contains("positive class: square (--positive)"))
    #expect(try metadata("run/fold-1/best.onnx")["giemsa.positive"] == "square")
    let bad = try train(data, ["--positive", "oval", "--out", folder.path("other")])
    #expect(bad.status == 1 && bad.error.contains("--positive oval: the classes are round, square"))
  }

  /// Reported before training with both paths, and by evaluate and quantize.
  @Test func thePictureUnderTwoLabels() throws {
    let data = try cells(["healthy", "infected"])
    try write("cells/healthy/S1_IMG_twice.png", 999)
    try write("cells/infected/S1_IMG_again.png", 999)
    let clues = ["contradiction", "two classes", "healthy/S1_IMG_twice.png = infected/S1_IMG_again.png"]
    let run = try train(data)
    #expect(run.status == 0)
    let line = try #require(run.errorLines.firstIndex { $0.contains("contradiction") }, "\(run.error)")
    let begun = try #require(run.errorLines.firstIndex { $0.hasPrefix("best: ") })
    #expect(line < begun)
    let judged = try ProgramRun("giemsa", ["evaluate", folder.path("run"), data, "--split", "all"])
    let quantized = try ProgramRun(
      "giemsa", ["quantize", folder.path("run/best.onnx"), "--calibrate", data, "--out", folder.path("q.onnx")])
    #expect(quantized.status == 0 && quantized.output.contains("positive class: infected"), "\(quantized.error)")
    for said in [run.error, judged.error, quantized.error] {
      #expect(said.contains(clues[0]) && said.contains(clues[1]), "\(said)")
      #expect(said.contains("healthy/S1_IMG_twice.png") && said.contains("infected/S1_IMG_again.png"), "\(said)")
    }
  }

  @Test func whatIsLeftOutAndWhatIsBroken() throws {
    let data = try cells(["healthy", "infected"])
    try folder.write([], to: "cells/healthy/photo.heic")
    try folder.write([1], to: "cells/healthy/Thumbs.db")
    let run = try train(data)
    #expect(run.error.contains("left out 1 entry") && run.error.contains("healthy/photo.heic"), "\(run.error)")
    #expect(!run.error.contains("Thumbs.db"))
    for index in 0..<3 { try folder.write([1, 2], to: "cells/infected/bad\(index).png") }
    for arguments in [
      ["evaluate", folder.path("run/best.onnx"), data],
      ["quantize", folder.path("run/best.onnx"), "--calibrate", data, "--out", folder.path("q.onnx")],
    ] {
      let bad = try ProgramRun("giemsa", arguments)
      #expect(bad.status == 1 && bad.error.contains("3 pictures cannot be read"), "\(bad.error)")
      for index in 0..<3 { #expect(bad.error.contains("bad\(index).png")) }
    }
    let again = try train(data, ["--overwrite"])
    #expect(again.status == 1 && again.error.contains("bad0.png") && again.error.contains("bad2.png"))
  }

  /// No rate is computed from scores that are not numbers.
  @Test func scoresThatAreNoNumbers() throws {
    let model = folder.path("nan.onnx")
    try ONNXFile.write(try SmallModel.graph(weight: .nan), to: model)
    let data = try cells(["class 0", "class 1"], count: 2)
    for arguments in [
      ["evaluate", model, data], ["quantize", model, "--calibrate", data, "--out", folder.path("q.onnx")],
    ] {
      let run = try ProgramRun("giemsa", arguments)
      #expect(run.exited && run.status == 1, "\(run.error)")
      #expect(!run.output.contains("%"), "\(run.output)")
    }
    let judged = try ProgramRun("giemsa", ["evaluate", model, data])
    #expect(judged.error.contains("4 pictures") && judged.error.contains("S0_IMG_00.png"), "\(judged.error)")
  }

  @Test func aModelWithoutNames() throws {
    let model = folder.path("nameless.onnx")
    try ONNXFile.write(try SmallModel.graph(metadata: false), to: model)
    let run = try ProgramRun("giemsa", ["evaluate", model, try cells(["healthy", "sick"], count: 2)])
    #expect(run.status == 0 && run.error.contains("does not name its classes"), "\(run.error)")
    #expect(run.error.contains("1 = healthy, 2 = sick"))
  }

  /// Whatever a folder's name, the CSV file that the run reads back preserves it, and no spreadsheet evaluates it.
  @Test func oddNamesInTheRunsFiles() throws {
    let data = try cells(["=1+1", "a,\"b", "x\"\u{301} onload=1"])
    let run = try train(data)
    #expect(run.status == 0, "\(run.error)")
    let pictures = try text("run/pictures.csv")
    for line in pictures.split(separator: "\n").dropFirst() {
      let cell = line.split(separator: ",", maxSplits: 2)[2]
      #expect(cell.first == "'" || cell.first == "\"" || cell.utf8.first == UInt8(ascii: "x"), "\(line)")
    }
    let report = folder.path("report.html")
    let judged = try ProgramRun("giemsa", ["evaluate", folder.path("run"), data, "--split", "all", "--report", report])
    #expect(judged.error.contains("pixel for pixel"), "\(judged.error)")
    let scalars = Array(try text("report.html").unicodeScalars)
    for (place, scalar) in scalars.enumerated() where scalar == "\"" && place + 1 < scalars.count {
      #expect(scalars[place + 1] != "\u{301}")
    }
  }
}
