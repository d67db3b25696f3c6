import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Invalid pictures and command lines for `giemsa-field infer`.
@Suite struct BadPictureTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path("model.onnx")
    try ONNXFile.write(try SmallModel.graph(), to: model)
    try picture("good.png")
  }

  @discardableResult
  private func picture(_ name: String) throws -> String {
    let pixels = [UInt8](repeating: 120, count: 12 * 10 * 3)
    try PNGFile.write(Picture(width: 12, height: 10, pixels: pixels), to: folder.path(name))
    return folder.path(name)
  }

  @Test func corruptPictureIsReportedAndTheRestGoOn() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path("good.png"))))
    let corrupt = try folder.write(Array(bytes[..<(bytes.count - 20)]), to: "corrupt.png")
    let run = try ProgramRun("giemsa-field", ["infer", model, corrupt, folder.path("good.png"), "--format", "csv"])
    #expect(run.exited)
    #expect(run.status == 1)
    #expect(run.output.contains("good.png"), "\(run.output)")
    #expect(!run.output.contains("corrupt.png"), "\(run.output)")
    #expect(run.errorLines.contains { $0.contains("corrupt.png") }, "\(run.error)")
  }

  @Test func jpegRenamed() throws {
    let jpeg = try folder.write([0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46], to: "photo.png")
    let run = try ProgramRun("giemsa-field", ["infer", model, jpeg])
    #expect(run.status == 1)
    #expect(run.error.contains("JPEG"), "\(run.error)")
  }

  @Test func pathThatDoesNotExist() throws {
    let run = try ProgramRun("giemsa-field", ["infer", model, folder.path("no-such.png")])
    #expect(run.exited)
    #expect(run.status != 0)
    #expect(run.errorLines.contains { $0.contains("no-such.png") }, "\(run.error)")
  }

  @Test func folderWithoutPictures() throws {
    try expectOneClearLine("giemsa-field", ["infer", model, try folder.folder("empty")], naming: ["empty"])
  }

  @Test func modelThatDoesNotSayHowPicturesAreMadeReady() throws {
    let bare = folder.path("bare.onnx")
    var graph = try SmallModel.graph(metadata: false)
    graph.values[graph.inputs[0]].declaration?.dimensions[2] = .symbol("height")
    graph.values[graph.inputs[0]].declaration?.dimensions[3] = .symbol("width")
    try ONNXFile.write(graph, to: bare)
    try expectOneClearLine("giemsa-field", ["infer", bare, folder.path("good.png")], naming: ["bare.onnx", "--size"])
  }

  @Test func modelOfOtherChannels() throws {
    let grey = folder.path("grey.onnx")
    try ONNXFile.write(try SmallModel.graph(channels: 4, metadata: false), to: grey)
    try expectOneClearLine(
      "giemsa-field", ["infer", grey, folder.path("good.png"), "--size", "8"], naming: ["channels"])
  }

  @Test func outputThatCannotBeWritten() throws {
    let output = folder.path("no-folder/answers.csv")
    try expectOneClearLine(
      "giemsa-field", ["infer", model, folder.path("good.png"), "--output", output], naming: ["answers.csv"])
  }

  @Test(arguments: [
    (["infer", "m.onnx", "--treads", "2"], "--treads"),
    (["infer", "m.onnx", "x.png", "--threads", "0"], "--threads"),
    (["infer", "m.onnx", "x.png", "--threads", "many"], "many"),
    (["infer", "m.onnx", "--format", "xml", "x.png"], "xml"),
    (["infer"], "MODEL"),
    (["classify"], "classify"),
    (["bench", "m.onnx", "--seconds", "-1"], "--seconds"),
    (["verify", "m.onnx", "case", "--rtol"], "--rtol"),
  ])
  func mistakenCommandLine(_ arguments: [String], _ clue: String) throws {
    try expectOneClearLine("giemsa-field", arguments, naming: [clue])
  }

  @Test func everyCommandHasHelp() throws {
    for command in ["infer", "verify", "validate", "bench", "inspect"] {
      let run = try ProgramRun("giemsa-field", [command, "--help"])
      #expect(run.status == 0)
      #expect(run.output.contains("giemsa-field \(command)"))
    }
    #expect(try ProgramRun("giemsa-field", ["--version"]).status == 0)
  }
}
