import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// A run's folder under concurrent runs, corrupted files, a full disk and closed streams.
@Suite struct TrainingRunTests {
  let folder: TemporaryFolder
  let cells: String

  init() throws {
    folder = try TemporaryFolder()
    cells = folder.path("cells")
    for label in ["Parasitized", "Uninfected"] {
      let place = try folder.folder("cells/\(label)")
      for index in 0..<8 {
        try Self.picture(
          UInt8(index * 7 + (label == "Parasitized" ? 100 : 0)), "\(place)/S\(index % 4)_IMG_cell_\(index).png")
      }
    }
  }

  private static func picture(_ shade: UInt8, _ path: String) throws {
    let pixels = [UInt8](repeating: shade, count: 16 * 16 * 3)
    try PNGFile.write(Picture(width: 16, height: 16, pixels: pixels), to: path)
  }

  /// A network of a few hundred weights.
  private func small() throws -> String {
    let path = folder.path("small.onnx")
    try ONNXFile.write(try SmallModel.graph(size: 16), to: path)
    return path
  }

  private func train(_ more: [String] = [], out: String = "run") throws -> [String] {
    [
      "train", cells, "--from", try small(), "--size", "16", "--epochs", "2", "--batch", "4", "--threads", "1", "--out",
      folder.path(out),
    ] + more
  }

  private func shell(_ arguments: [String], _ how: String) throws -> ProgramRun {
    let line = "\"$LAB\" " + arguments.map { "'\($0)'" }.joined(separator: " ")
    return try ProgramRun(script: how.replacingOccurrences(of: "GIEMSA", with: line))
  }

  private func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: folder.path(name)))) }

  // MARK: A file that was exported in training mode

  @Test func dropoutInTrainingModeIsTrained() throws {
    var graph = try SmallModel.graph(size: 16)
    let flat = graph.nodes[2].inputs[0]
    let ratio = graph.addConstant("ratio", try Tensor([], [Float(0.2)]))
    let mode = graph.addConstant("mode", try Tensor([], [true]))
    let dropped = graph.add(try Operator(named: "Dropout", inputCount: 3), "dropped", [flat, ratio, mode])
    graph.nodes[2].inputs[0] = dropped
    graph.nodes.swapAt(2, 3)
    // No shape rule finds it.
    graph.values[graph.outputs[0]].declaration = Declaration(.float32, [.symbol("N"), .fixed(2)])
    try ONNXFile.write(graph, to: folder.path("dropout.onnx"))
    let run = try ProgramRun("giemsa", train(["--from", folder.path("dropout.onnx")]))
    #expect(run.status == 0, "\(run.error)")
    let checked = try ProgramRun("giemsa-field", ["validate", folder.path("run/best.onnx")])
    #expect(checked.status == 0, "\(checked.output)\(checked.error)")
  }

  // MARK: A run that goes on from another

  @Test func startingFromARunThatSawTheValidationPictures() throws {
    func error(_ from: String, _ more: String...) throws -> String {
      let run = try ProgramRun("giemsa", train(["--from", folder.path(from), "--overwrite"] + more, out: "next"))
      #expect(run.status == 0)
      return run.error
    }
    #expect(try ProgramRun("giemsa", train()).status == 0)
    #expect(try !error("run").contains("was trained on"))
    #expect(try error("run", "--valid", "0.9").contains("run was trained on"))

    // Other pictures under the same names.
    for name in ["S0_IMG_cell_0", "S1_IMG_cell_1", "S2_IMG_cell_2", "S3_IMG_cell_3"] {
      for (shade, label) in [(150, "Parasitized"), (50, "Uninfected")] as [(UInt8, String)] {
        try Self.picture(shade &+ UInt8(name.count), "\(try folder.folder("others/\(label)"))/\(name).png")
      }
    }
    let others = try [folder.path("others")] + train(["--from", folder.path("run")], out: "other").dropFirst(2)
    let run = try ProgramRun("giemsa", ["train"] + others)
    #expect(run.status == 0)
    #expect(!run.error.contains("was trained on"))
  }

  // MARK: Corrupted files

  @Test func aStateThatRotted() throws {
    #expect(try ProgramRun("giemsa", train()).status == 0)
    let state = try bytes("run/last.state")
    for at in [9, 30, 200, state.count / 2, state.count - 5] {
      var rotten = state
      rotten[at] ^= 4
      try folder.write(rotten, to: "run/last.state")
      try expectOneClearLine("giemsa", train(["--resume"]), naming: ["last.state"])
    }
    try folder.write(state, to: "run/last.state")
    #expect(try ProgramRun("giemsa", train(["--resume"])).status == 0)
  }

  @Test func picturesWhosePixelsChanged() throws {
    #expect(try ProgramRun("giemsa", train()).status == 0)
    try Self.picture(201, "\(cells)/Uninfected/S2_IMG_cell_6.png")
    try expectOneClearLine(
      "giemsa", train(["--resume"]), naming: ["Uninfected/S2_IMG_cell_6.png", "other pixels", "--resume"])
    // A corrupted list names no picture, and the run is still refused.
    try folder.write(Array("side,hash,picture\n".utf8), to: "run/pictures.csv")
    try expectOneClearLine("giemsa", train(["--resume"]), naming: ["other pixels", "pictures"])
  }

  @Test func aBestNetworkThatRotted() throws {
    #expect(try ProgramRun("giemsa", train()).status == 0)
    var best = try bytes("run/best.onnx")
    best[best.count / 2] ^= 1
    try folder.write(best, to: "run/best.onnx")
    let run = try ProgramRun("giemsa", train(["--resume"]))
    #expect(run.exited && run.status == 1)
    #expect(run.errorLines.last?.contains("best.onnx") == true, "\(run.error)")
  }

  /// Everything else in the folder is rewritten from the state.
  @Test(arguments: ["settings.json", "history.csv", "times.csv", "pictures.csv", "last.onnx"])
  func otherFilesThatRottedAreMadeAgain(_ name: String) throws {
    #expect(try ProgramRun("giemsa", train()).status == 0)
    let whole = try bytes("run/\(name)")
    try folder.write([0xFF, 0, 1], to: "run/\(name)")
    #expect(try ProgramRun("giemsa", train(["--resume"])).status == 0)
    #expect(try bytes("run/\(name)") == whole)
  }

  // MARK: Two at once

  @Test(arguments: [[], ["--overwrite"], ["--resume"]]) func aFolderThatIsTaken(_ how: [String]) throws {
    let first = Process()
    first.executableURL = ProgramRun.path("giemsa")
    first.arguments = try train(["--epochs", "100000"])
    first.standardOutput = FileHandle.nullDevice
    first.standardError = FileHandle.nullDevice
    try first.run()
    defer { first.terminate() }
    let state = folder.path("run/last.state")
    for _ in 0..<600 where !FileManager.default.fileExists(atPath: state) { usleep(100_000) }
    try #require(FileManager.default.fileExists(atPath: state))
    try expectOneClearLine("giemsa", train(how), naming: ["run", "process \(first.processIdentifier)"])
    // A killed process leaves no lasting lock.
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    #expect(try ProgramRun("giemsa", train(["--overwrite"])).status == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path("run")).sorted()
    #expect(
      left == [
        "best.onnx", "card.md", "history.csv", "last.onnx", "last.state", "pictures.csv", "settings.json", "times.csv",
      ])
  }

  // MARK: Closed streams

  @Test func aFullStandardOutput() throws {
    let run = try shell(try train(), "GIEMSA >/dev/full")
    #expect(run.exited && run.status == 1)
    #expect(run.errorLines.count { $0.contains("standard output: cannot write") } == 1, "\(run.error)")
    #expect(FileManager.default.fileExists(atPath: folder.path("run/card.md")), "training did not continue")
  }

  @Test(arguments: [">&- 2>&-", ">&-", "2>&-", "<&- >&- 2>&-"]) func closedStreams(_ how: String) throws {
    let run = try shell(try train(), "GIEMSA \(how)")
    #expect(run.exited && run.status == (how == "2>&-" ? 0 : 1))
    #expect(FileManager.default.fileExists(atPath: folder.path("run/card.md")), "training did not continue")
    #expect(run.output.isEmpty == (how != "2>&-"))
  }

  @Test func aReaderThatGoes() throws {
    let run = try shell(try train(), "{ GIEMSA; echo $? >&2; } | true")
    #expect(run.errorLines.last == "141", "\(run.error)")
    #expect(FileManager.default.fileExists(atPath: folder.path("run/card.md")), "training did not continue")
  }

  @Test(arguments: [["--help"], ["--version"], ["help", "train"], ["train", "--help"]])
  func helpThatNobodyReads(_ arguments: [String]) throws {
    let run = try shell(arguments, "GIEMSA >/dev/full")
    #expect(run.exited && run.status == 1)
    #expect(run.errorLines.count == 1, "\(run.error)")
  }

  // MARK: A full disk

  /// A limit on file sizes acts like a full disk: existing files must stay.
  @Test func aDiskThatIsFull() throws {
    #expect(try ProgramRun("giemsa", train()).status == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run")).sorted()
    let whole = try names.map { try bytes("run/\($0)") }
    let run = try shell(
      [
        "train", cells, "--arch", "resnet18", "--size", "16", "--batch", "4", "--epochs", "1", "--overwrite", "--out",
        folder.path("run"),
      ],
      "ulimit -f 2000; GIEMSA")
    #expect(run.exited && run.status == 1)
    #expect(run.errorLines.last?.contains("run/best.onnx") == true, "\(run.error)")
    #expect(run.errorLines.count { $0.hasPrefix("giemsa:") } == 1, "\(run.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("run")).sorted() == names)
    #expect(try names.map { try bytes("run/\($0)") } == whole)
  }

  @Test func tooLittleMemory() throws {
    for limit in [150_000, 250_000, 400_000, 700_000, 1_000_000] {
      let run = try shell(
        [
          "train", cells, "--arch", "resnet18", "--size", "16", "--batch", "4", "--epochs", "1", "--out",
          folder.path("small-\(limit)"),
        ],
        "ulimit -v \(limit); GIEMSA")
      // 127: not even the shared libraries fit.
      #expect(run.exited && [0, 1, 127].contains(run.status), "\(limit): \(run.status) \(run.error)")
      if run.status == 1 { #expect(run.errorLines.count { $0.hasPrefix("giemsa:") } == 1, "\(run.error)") }
    }
  }

  // MARK: Options

  @Test func optionsThatContradictFrom() throws {
    let made = try ProgramRun("giemsa", train())
    #expect(made.status == 0)
    try expectOneClearLine(
      "giemsa", train(["--arch", "resnet50"], out: "other"), naming: ["--arch resnet50", "small.onnx"])
    try expectOneClearLine(
      "giemsa", train(["--head", "fastai"], out: "other"), naming: ["--head fastai", "small.onnx"])
    let arguments = ["train", cells, "--size", "16", "--epochs", "1", "--batch", "4", "--arch", "resnet18"]
    #expect(try ProgramRun("giemsa", arguments + ["--out", folder.path("eighteen")]).status == 0)
    let from = ["--from", folder.path("eighteen"), "--out", folder.path("other")]
    #expect(try ProgramRun("giemsa", arguments + ["--head", "linear"] + from).status == 0)
    let other = ["train", cells, "--size", "16", "--epochs", "1", "--batch", "4", "--overwrite"] + from
    try expectOneClearLine("giemsa", other + ["--arch", "resnet34"], naming: ["--arch resnet34", "resnet18"])
    try expectOneClearLine("giemsa", other + ["--head", "fastai"], naming: ["--head fastai", "linear"])
    let larger = ["train", cells, "--size", "24", "--epochs", "1", "--batch", "4", "--overwrite"] + from
    try expectOneClearLine("giemsa", larger, naming: ["16 pixels", "--size 24", "--override"])
    #expect(try ProgramRun("giemsa", larger + ["--override"]).status == 0)
  }

  @Test func weightsThatAreNoNumbers() throws {
    let path = folder.path("nan.onnx")
    try ONNXFile.write(try SmallModel.graph(weight: .nan), to: path)
    for command in [["train", cells, "--out", folder.path("run")], ["find-lr", cells, "--out", folder.path("x.svg")]] {
      try expectOneClearLine("giemsa", command + ["--from", path], naming: ["nan.onnx", "no number"])
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
    #expect(!FileManager.default.fileExists(atPath: folder.path("x.svg")))
  }

  @Test(arguments: [
    ("--lr", "0", "above 0"), ("--lr", "fast", "not a number"), ("--lr", "1:2:3", "colon"),
    ("--lr", "101", "at most 100"),
    ("--class-weights", "2", "for each class"), ("--class-weights", "1,x", "'x' is not a number"),
    ("--class-weights", "0,0", "above 0"), ("--class-weights", "-1,2", "from 0"),
  ]) func reasons(_ option: String, _ value: String, _ reason: String) throws {
    try expectOneClearLine("giemsa", train(["\(option)=\(value)"]), naming: [option, reason])
  }

  @Test(arguments: [("trian", "'train'"), ("evalute", "'evaluate'"), ("qauntize", "'quantize'")])
  func theNearestCommand(_ name: String, _ meant: String) throws {
    try expectOneClearLine("giemsa", [name, "x", "--out", "y"], naming: [name, meant])
    let run = try ProgramRun("giemsa", ["frobnicate", "x"])
    #expect(run.status == 2 && !run.error.contains("did you mean"), "\(run.error)")
  }

  @Test func moreThreadsThanProcessors() throws {
    let run = try ProgramRun("giemsa", train(["--threads", "1000"]))
    #expect(run.status == 0)
    #expect(run.errorLines.count { $0.contains("--threads 1000") } == 1, "\(run.error)")
  }

  /// Two slides that cannot be divided: no message advises to divide them.
  @Test func noAdviceThatCannotBeFollowed() throws {
    let data = folder.path("two")
    for (label, slide) in [("A", "S1"), ("B", "S2")] {
      let place = try folder.folder("two/\(label)")
      for index in 0..<8 { try Self.picture(UInt8(index / 2), "\(place)/\(slide)_IMG_cell_\(index).png") }
    }
    let run = try ProgramRun(
      "giemsa",
      [
        "train", data, "--from", try small(), "--size", "16", "--epochs", "1", "--batch", "4", "--out",
        folder.path("run"),
      ])
    #expect(run.status == 0 && run.error.contains("cannot be divided"), "\(run.error)")
    #expect(!run.error.contains("--split slide"), "\(run.error)")
    #expect(run.error.contains("1 epoch of") && !run.error.contains("1 epochs"), "\(run.error)")
  }
}
