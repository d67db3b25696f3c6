import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// Invalid inputs of `giemsa quantize`, and one valid one.
@Suite struct BadQuantizationTests {
  let folder: TemporaryFolder
  let model: String
  let cells: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path("model.onnx")
    cells = folder.path("cells")
    try ONNXFile.write(try SmallModel.graph(), to: model)
    for label in ["class 0", "class 1"] {
      let label = try folder.folder("cells/\(label)")
      for index in 0..<8 {
        let pixels = (0..<(12 * 12 * 3)).map { UInt8(($0 * (index + 3)) % 256) }
        try PNGFile.write(
          Picture(width: 12, height: 12, pixels: pixels), to: "\(label)/S\(index % 4)_IMG_cell_\(index).png")
      }
    }
  }

  private func command(_ changes: [String: String] = [:]) -> [String] {
    let options = ["--calibrate": cells, "--out": folder.path("int8.onnx")].merging(changes) { $1 }
    let model = options["model"] ?? model
    return ["quantize", model] + options.filter { $0.key != "model" }.sorted { $0.key < $1.key }.flatMap { [$0, $1] }
  }

  @Test func aSmallModelIsQuantised() throws {
    let page = folder.path("page.html")
    let run = try ProgramRun("giemsa", command(["--images": "12", "--report": page]))
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.contains("chosen"))
    #expect(run.output.contains("4 not used for calibration"), "\(run.output)")
    #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<svg"))
    let written = try ONNXFile.read(folder.path("int8.onnx"))
    #expect(written.nodes.contains { $0.operation.name == "QuantizeLinear" })
    #expect(written.metadata.contains { $0.key == "giemsa.quantization" && $0.value.contains("\"images\":12") })
    #expect(try ModelMetadata(written.metadata).classes == ["class 0", "class 1"])
    let validation = try ProgramRun("giemsa-field", ["validate", folder.path("int8.onnx")])
    #expect(validation.status == 0, "\(validation.output)")
    try expectOneClearLine(
      "giemsa", command(["model": folder.path("int8.onnx"), "--out": folder.path("again.onnx")]),
      naming: ["int8.onnx", "already quantised"])
  }

  @Test func modelThatIsNotThere() throws {
    try expectOneClearLine("giemsa", command(["model": folder.path("no.onnx")]), naming: ["no.onnx"])
    try expectOneClearLine("giemsa", command(["model": cells]), naming: ["cells", "settings.json"])
  }

  @Test func modelThatIsNone() throws {
    let text = try folder.write(Array("hello".utf8), to: "hello.onnx")
    try expectOneClearLine("giemsa", command(["model": text]), naming: ["hello.onnx"])
  }

  @Test func modelThatIsNoClassifier() throws {
    var graph = Graph(name: "none")
    let x = graph.addInput("input", Declaration(.float32, [5]))
    graph.outputs = [graph.add(try Operator(named: "Relu"), "y", [x])]
    let path = folder.path("none.onnx")
    try ONNXFile.write(graph, to: path)
    try expectOneClearLine("giemsa", command(["model": path]), naming: ["none.onnx", "pictures"])
  }

  @Test func picturesThatAreNotThere() throws {
    try expectOneClearLine("giemsa", command(["--calibrate": folder.path("no-cells")]), naming: ["no-cells"])
    try expectOneClearLine("giemsa", command(["--calibrate": try folder.folder("empty")]), naming: ["empty"])
    for label in ["class 0", "class 1"] { _ = try folder.folder("bare/\(label)") }
    try expectOneClearLine("giemsa", command(["--calibrate": folder.path("bare")]), naming: ["without pictures"])
  }

  @Test func picturesOfOtherClasses() throws {
    let three = folder.path("three.onnx")
    try ONNXFile.write(try SmallModel.graph(classes: 3), to: three)
    try expectOneClearLine("giemsa", command(["model": three]), naming: ["three.onnx", "classes"])
  }

  @Test func corruptPictureAmongThem() throws {
    try folder.write([0x89, 0x50, 0x4E, 0x47, 1, 2, 3], to: "cells/class 0/S1_IMG_cell_99.png")
    try expectOneClearLine("giemsa", command(), naming: ["S1_IMG_cell_99.png"])
  }

  @Test func outputThatCannotBeWritten() throws {
    try expectOneClearLine("giemsa", command(["--out": folder.path("no/int8.onnx")]), naming: ["no/int8.onnx"])
    try expectOneClearLine("giemsa", command(["--out": cells]), naming: ["cells"])
    try expectOneClearLine("giemsa", command(["--report": folder.path("no/page.html")]), naming: ["no/page.html"])
    try expectOneClearLine("giemsa", command(["--out": model]), naming: ["model.onnx", "float model"])
    #expect(!FileManager.default.fileExists(atPath: folder.path("int8.onnx")), "left something behind")
  }

  @Test(arguments: [
    ("--method", "best"), ("--images", "0"), ("--images", "many"), ("--threads", "0"), ("--bits", "4"),
    ("--without", "nonsense"),
  ])
  func mistakenOption(_ option: String, _ value: String) throws {
    try expectOneClearLine("giemsa", command([option: value]), naming: [option])
  }
}
