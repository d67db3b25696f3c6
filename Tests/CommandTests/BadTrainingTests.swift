import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Invalid folders and command lines for the lab's commands.
@Suite struct BadTrainingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A data set with the given number of tiny pictures per class.
  private func cells(_ counts: [String: Int], named name: String = "cells") throws -> String {
    for (label, count) in counts {
      let label = try folder.folder("\(name)/\(label)")
      for index in 0..<count {
        let pixels = [UInt8](repeating: UInt8(index * 7 % 256), count: 16 * 16 * 3)
        try PNGFile.write(
          Picture(width: 16, height: 16, pixels: pixels), to: "\(label)/S\(index % 4)_IMG_cell_\(index).png")
      }
    }
    return folder.path(name)
  }

  private func train(_ data: String, _ more: [String] = []) -> [String] {
    let out = more.contains("--out") ? [] : ["--out", folder.path("run")]
    return ["train", data, "--arch", "resnet18", "--size", "32", "--epochs", "1", "--batch", "4"] + out + more
  }

  @Test func dataThatIsNotThere() throws {
    try expectOneClearLine("giemsa", train(folder.path("no-cells")), naming: ["no-cells"])
  }

  @Test func dataThatIsAFile() throws {
    try expectOneClearLine("giemsa", train(try folder.write([1], to: "file")), naming: ["file"])
  }

  @Test func noClasses() throws {
    try expectOneClearLine("giemsa", train(try folder.folder("nothing")), naming: ["nothing"])
  }

  @Test func oneClass() throws {
    try expectOneClearLine("giemsa", train(try cells(["Parasitized": 8])), naming: ["Parasitized"])
  }

  @Test func emptyClass() throws {
    try expectOneClearLine("giemsa", train(try cells(["Parasitized": 8, "Uninfected": 0])), naming: ["Uninfected"])
  }

  @Test func corruptPictureAmongThem() throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    try folder.write([0x89, 0x50, 0x4E, 0x47, 1, 2, 3], to: "cells/Uninfected/S1_IMG_cell_99.png")
    try expectOneClearLine("giemsa", train(data), naming: ["S1_IMG_cell_99.png"])
  }

  @Test func outputThatCannotBeWritten() throws {
    let file = try folder.write([1], to: "file")
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    try expectOneClearLine("giemsa", train(data, ["--out", file + "/run"]), naming: ["file/run"])
  }

  @Test func startingPointThatIsNoModel() throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    let text = try folder.write(Array("hello".utf8), to: "hello.onnx")
    try expectOneClearLine("giemsa", train(data, ["--from", text]), naming: ["hello.onnx"])
  }

  @Test(arguments: [
    ("--arch", "resnet19"), ("--size", "0"), ("--epochs", "-1"), ("--batch", "0"), ("--lr", "fast"), ("--lr", "-1"),
    ("--valid", "1.5"), ("--split", "patient"), ("--learning-rate", "1"), ("--lr", "1e-3:"), ("--lr", "1:2:3"),
    ("--stage", "0"), ("--mixup", "x"),
    ("--label-smoothing", "1"), ("--class-weights", "1"), ("--class-weights", "1,2,3"), ("--patience", "0"),
    ("--resize", "15"), ("--log", "xml"), ("--folds", "1"), ("--fold", "2"), ("--folds", "5"),
  ])
  func mistakenOption(_ option: String, _ value: String) throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    try expectOneClearLine("giemsa", train(data, [option, value]), naming: [option])
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")), "left something behind")
  }

  @Test func runThatIsNotThere() throws {
    try expectOneClearLine("giemsa", ["evaluate", folder.path("no-run"), folder.path("cells")], naming: ["no-run"])
    try expectOneClearLine(
      "giemsa", ["export", folder.path("no-run"), "--out", folder.path("x.onnx")], naming: ["no-run"])
  }

  @Test func modelOfOtherClasses() throws {
    let model = folder.path("three.onnx")
    try ONNXFile.write(try SmallModel.graph(classes: 3), to: model)
    let data = try cells(["Parasitized": 4, "Uninfected": 4])
    try expectOneClearLine("giemsa", ["evaluate", model, data], naming: ["classes"])
  }

  @Test func weightsThatAreNone() throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    let text = try folder.write(Array("hello, this is no file of weights".utf8), to: "hello.safetensors")
    try expectOneClearLine("giemsa", train(data, ["--pretrained", text]), naming: ["hello.safetensors"])
    try expectOneClearLine("giemsa", ["export", text, "--out", folder.path("x.onnx")], naming: ["hello.safetensors"])
    try expectOneClearLine("giemsa", train(data, ["--pretrained", text, "--from", text]), naming: ["--pretrained"])
    try expectOneClearLine(
      "giemsa", train(data, ["--pretrained", folder.path("none.safetensors")]), naming: ["none.safetensors"])
    try expectOneClearLine("giemsa", train(data, ["--load", folder.path("no-stage")]), naming: ["no-stage"])
    try expectOneClearLine(
      "giemsa", ["find-lr", data, "--out", folder.path("no/such/folder.svg")], naming: ["folder.svg"])
    try expectOneClearLine("giemsa", ["show-batch", folder.path("no-cells")], naming: ["no-cells"])
  }

  @Test func resumingAnotherRun() throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    let run = try ProgramRun("giemsa", train(data, ["--size", "16"]))
    #expect(run.status == 0, "\(run.error)")
    for (option, value) in [("--epochs", "2"), ("--lr", "0.5"), ("--seed", "9"), ("--augment", "none")] {
      try expectOneClearLine("giemsa", train(data, ["--size", "16", "--resume", option, value]), naming: [option])
    }
    try FileManager.default.removeItem(atPath: folder.path("cells/Uninfected/S1_IMG_cell_1.png"))
    try expectOneClearLine("giemsa", train(data, ["--size", "16", "--resume"]), naming: ["pictures"])
    try folder.write([1, 2, 3], to: "run/last.state")
    try expectOneClearLine("giemsa", train(data, ["--size", "16", "--resume"]), naming: ["last.state"])
  }

  @Test(arguments: ["csv", "jsonl"]) func aLossThatIsNoNumber(_ format: String) throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    let run = try ProgramRun(
      "giemsa",
      train(data, ["--epochs", "9", "--optimizer", "sgd", "--lr", "100", "--weight-decay", "1", "--log", format]))
    #expect(run.exited && run.status == 1)
    let last = try #require(run.errorLines.last)
    for clue in ["giemsa: the loss is no longer a number", "step", "rate of", "largest gradient", "--lr"] {
      #expect(last.contains(clue), "\(last)")
    }
    let log = try String(contentsOfFile: folder.path("run/log.\(format)"), encoding: .utf8)
    #expect(log.contains(format == "csv" ? "step,0,1," : #"{"kind":"step","epoch":0,"step":1,"#))
  }

  /// One line per step and one per epoch; lines after the point of resumption are dropped.
  @Test(arguments: ["csv", "jsonl"]) func logOfAResumedRun(_ format: String) throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    let arguments = train(data, ["--size", "16", "--log", format])
    func log() throws -> [Substring] {
      try String(contentsOfFile: folder.path("run/log.\(format)"), encoding: .utf8).split(separator: "\n")
    }
    #expect(try ProgramRun("giemsa", arguments).status == 0)
    let whole = try log()
    let header = format == "csv" ? 1 : 0
    let steps = whole.count { $0.hasPrefix("step") || $0.hasPrefix(#"{"kind":"step""#) }
    #expect(steps > 1 && whole.count == header + steps + 1)
    let future = format == "csv" ? "step,7,99,0.5,,,,,," : #"{"kind":"step","epoch":7,"step":99}"#
    try folder.write(Array((whole.joined(separator: "\n") + "\n\(future)\nstep,0,").utf8), to: "run/log.\(format)")
    #expect(try ProgramRun("giemsa", arguments + ["--resume"]).status == 0)
    #expect(try log() == whole)
    #expect(try ProgramRun("giemsa", train(data, ["--size", "16", "--overwrite"])).status == 0)
    #expect(!FileManager.default.fileExists(atPath: folder.path("run/log.\(format)")))
  }

  /// tools/test-distributed tests the rest.
  @Test func togetherWithoutMPI() throws {
    let data = try cells(["Parasitized": 8, "Uninfected": 8])
    let arguments = train(data, ["--distributed"]).map { "'\($0)'" }.joined(separator: " ")
    let run = try ProgramRun(script: "GIEMSA_MPI=/nowhere/libmpi.so.40 $LAB \(arguments)")
    #expect(run.status != 0 && run.errorLines.count == 1)
    for clue in ["--distributed", "openmpi-bin", "GIEMSA_MPI"] { #expect(run.error.contains(clue)) }
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")), "left something behind")
  }

  @Test func unknownCommand() throws {
    try expectOneClearLine("giemsa", ["trian"], naming: ["trian"])
  }
}
