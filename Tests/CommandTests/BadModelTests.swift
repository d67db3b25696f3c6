import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Invalid model files.
@Suite struct BadModelTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ name: String = "model.onnx", _ graph: Graph? = nil) throws -> String {
    let path = folder.path(name)
    try ONNXFile.write(try graph ?? SmallModel.graph(), to: path)
    return path
  }

  @Test func aSoundModelIsSound() throws {
    let run = try ProgramRun("giemsa-field", ["validate", try model()])
    #expect(run.status == 0, "\(run.output)\(run.error)")
  }

  @Test func missingFile() throws {
    try expectFinding("E101", in: folder.path("nowhere.onnx"), naming: ["nowhere.onnx"])
  }

  @Test func emptyFile() throws {
    try expectFinding("E102", in: try folder.write([], to: "empty.onnx"))
  }

  @Test func pictureRenamedToModel() throws {
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]
    try expectFinding("E103", in: try folder.write(signature, to: "cell.onnx"))
  }

  @Test func truncatedModel() throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try model())))
    let run = try ProgramRun(
      "giemsa-field", ["validate", try folder.write(Array(whole[..<(whole.count / 2)]), to: "half.onnx")])
    #expect(run.exited)
    #expect(run.status == 1)
    #expect(run.output.contains(" E1"), "\(run.output)")
  }

  @Test func weightsThatAreNotNumbers() throws {
    try expectFinding("E214", in: try model("nan.onnx", SmallModel.graph(weight: .nan)), naming: ["'w'"])
  }

  @Test func wrongChannelCount() throws {
    // Our own writer refuses to write such a file.
    let fixture = ProgramRun.root.appendingPathComponent("Fixtures/codes/E204-channels.onnx")
    try expectFinding("E204", in: fixture.path)
  }

  @Test func validateCollectsEveryProblemOfEveryFile() throws {
    let empty = try folder.write([], to: "empty.onnx")
    let run = try ProgramRun("giemsa-field", ["validate", empty, try model(), folder.path("nowhere.onnx")])
    #expect(run.status == 2)
    #expect(run.output.contains("E102"))
    #expect(run.output.contains("E101"))
  }

  @Test func everyCommandRefusesABrokenModelInOneLine() throws {
    let broken = try folder.write(Array("not a model at all".utf8), to: "broken.onnx")
    for command in [
      ["infer", broken, "cell.png"], ["verify", broken, "case"], ["bench", broken], ["inspect", broken],
    ] {
      try expectOneClearLine("giemsa-field", command, naming: ["broken.onnx", "E1"])
    }
  }

  @Test func verifyWithoutItsCase() throws {
    try expectOneClearLine(
      "giemsa-field", ["verify", try model(), folder.path("no-case")], naming: ["no-case"])
  }

  @Test func verifyFindsADifference() throws {
    let path = try model()
    let testCase = try folder.folder("case_0")
    let pixels = [Float](repeating: 0.25, count: 3 * 64)
    try ONNXFile.writeTensor(try Tensor([1, 3, 8, 8], pixels), name: "input", to: testCase + "/input_0.pb")
    try ONNXFile.writeTensor(try Tensor([1, 2], [Float(0), 99]), name: "logits", to: testCase + "/output_0.pb")
    let run = try ProgramRun("giemsa-field", ["verify", path, testCase])
    #expect(run.exited)
    #expect(run.status == 1)
  }
}
