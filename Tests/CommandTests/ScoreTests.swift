import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// From a model's scores to the answers of `infer`: scores that are not numbers give no answer, and a single score is
/// one probability.
@Suite struct ScoreTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try PNGFile.write(
      Picture(width: 9, height: 9, pixels: [UInt8](repeating: 200, count: 243)), to: folder.path("a.png"))
    try PNGFile.write(Picture(width: 9, height: 9), to: folder.path("b.png"))
  }

  /// A model whose scores are `bias` for every picture, followed by `ends`.
  private func model(
    _ bias: [Float], _ ends: [String] = [], classes: [String]? = ["negative", "positive"], weight: Float = 0
  ) throws -> String {
    var graph = Graph(name: "scores")
    let input = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(8), .fixed(8)]))
    let pooled = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [input])
    let flat = graph.add(try Operator(named: "Flatten"), "flat", [pooled])
    let weights = graph.addConstant(
      "w", try Tensor([3, bias.count], [Float](repeating: weight, count: 3 * bias.count)))
    var value = graph.add(
      try Operator(named: "Gemm"), "scores", [flat, weights, graph.addConstant("b", try Tensor([bias.count], bias))])
    for name in ends { value = graph.add(try Operator(named: name), name, [value]) }
    graph.outputs = [value]
    var metadata = ModelMetadata()
    metadata.classes = classes ?? []
    metadata.inputSize = [8, 8]
    metadata.mean = [0.5, 0.5, 0.5]
    metadata.std = [0.25, 0.25, 0.25]
    graph.metadata = metadata.entries
    try ONNXFile.write(graph, to: folder.path("m.onnx"))
    return folder.path("m.onnx")
  }

  private func infer(_ model: String, _ options: [String] = ["--format", "csv"]) throws -> ProgramRun {
    try ProgramRun("giemsa-field", ["infer", model, folder.path("a.png"), folder.path("b.png")] + options)
  }

  private func rows(_ run: ProgramRun) -> [[String]] {
    run.output.split(separator: "\n").dropFirst().map { $0.split(separator: ",").dropFirst().map { String($0) } }
  }

  @Test(arguments: [
    [0, Float.nan], [.nan, 0], [.infinity, 0], [.infinity, .infinity], [-.infinity, -.infinity],
  ])
  func whatIsNoNumberIsNoAnswer(_ bias: [Float]) throws {
    let path = try model(bias)
    for batch in ["1", "2"] {
      for format in ["csv", "jsonl", "table"] {
        let run = try infer(path, ["--format", format, "--batch", batch])
        #expect(run.exited && run.status == 1)
        #expect(!run.output.contains("a.png"), "\(run.output)")
        let complaints = run.errorLines.filter { $0.contains("scores are not numbers") }
        #expect(complaints.count == 2 && complaints[0].contains("a.png"), "\(run.error)")
      }
    }
    // A Softmax or Sigmoid does not turn these into numbers, except for a single infinity.
    #expect(try infer(try model(bias, ["Softmax"])).status == 1)
  }

  /// Only one of the pictures is affected: the other is answered and counted.
  @Test func theOthersAreAnswered() throws {
    // (200 / 255 - 0.5) / 0.25 = 1.14; 1.14 · 3e38 exceeds float's range, and so does -2 · 3e38 = -∞, which a softmax
    // accepts.
    let path = try model([1, 2], weight: 3e38)
    for format in ["csv", "jsonl"] {
      let run = try infer(path, ["--format", format])
      #expect(run.status == 1)
      #expect(!run.output.contains("nan") && !run.output.contains("inf"), "\(run.output)")
    }
  }

  @Test func minusInfinityIsAProbabilityOfZero() throws {
    let run = try infer(try model([-.infinity, 3]))
    #expect(run.status == 0, "\(run.error)")
    #expect(rows(run)[0] == ["positive", "1.000000", "0.000000", "1.000000"])
  }

  /// Keras: one score is the probability of the second class.
  @Test(arguments: [
    (Float(2), "positive", "0.880797", ["0.119203", "0.880797"]),
    (-1, "negative", "0.731059", ["0.731059", "0.268941"]),
  ])
  func oneSigmoidIsTwoClasses(_ bias: Float, _ name: String, _ probability: String, _ both: [String]) throws {
    for ends in [["Sigmoid"], ["Sigmoid", "Identity"], ["Sigmoid", "Flatten"]] {
      let run = try infer(try model([bias], ends))
      #expect(run.status == 0, "\(run.error)")
      #expect(rows(run)[0] == [name, probability] + both)
    }
    let named = try infer(
      try model([bias], ["Sigmoid"], classes: nil), ["--format", "csv", "--classes", "negative,positive"])
    #expect(rows(named)[0] == [name, probability] + both)
    // A batch of two pictures.
    #expect(rows(try infer(try model([bias], ["Sigmoid"]), ["--format", "csv", "--batch", "2"]))[1].first == name)
  }

  @Test func oneScoreThatIsNoProbabilityIsRefused() throws {
    for ends in [[], ["Relu"], ["Softmax"]] {
      let run = try infer(try model([2], ends))
      #expect(run.exited && run.status == 1 && run.errorLines.count == 1, "\(run.error)")
      #expect(run.error.contains("one score") && run.error.contains("Sigmoid"), "\(run.error)")
      #expect(run.output == "")
    }
  }

  @Test func namesThatAreNotTwoAreRefused() throws {
    let run = try infer(try model([2], ["Sigmoid"], classes: ["infected"]))
    #expect(run.status == 1 && run.error.contains("2 classes") && run.error.contains("of the second"), "\(run.error)")
  }

  /// They are divided by their sum, not put through a softmax, which would turn 0.99 and 0.01 into 0.73 and 0.27.
  @Test func severalSigmoidsAreShares() throws {
    let run = try infer(try model([2, -1], ["Sigmoid"]))
    #expect(rows(run)[0] == ["negative", "0.766085", "0.766085", "0.233915"])
    #expect(try infer(try model([-200, -200], ["Sigmoid"])).status == 1)
  }

  @Test func whatTheFileSaysIsNotOverriddenWithoutAWord() throws {
    let path = try model([2, -1])
    let refused: [[String]] = [
      ["--mean", "0,0,0"], ["--std", "1,1,1"], ["--classes", "a,b"], ["--classes", "positive,negative"],
      ["--mean", "0.5,0.5,0.4", "--std", "0.25,0.25,0.25"],
    ]
    for options in refused {
      let run = try infer(path, options)
      #expect(run.exited && run.status == 1 && run.errorLines.count == 1, "\(run.error)")
      #expect(run.error.contains(options[0]) && run.error.contains("--override"), "\(run.error)")
      #expect(try infer(path, options + ["--override"]).status == 0)
    }
    #expect(
      try infer(path, ["--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25", "--classes", "negative,positive"]).status
        == 0)
    for names in ["a,a", "a,", ""] {
      #expect(try infer(path, ["--classes", names, "--override"]).status == 2)
    }
    #expect(try ProgramRun("giemsa-field", ["infer", "--help"]).output.contains("--override"))
  }

  @Test func aSizeThatContradictsIsRefused() throws {
    var graph = try ONNXFile.read(try model([2, -1]))
    graph.values[graph.inputs[0]].declaration?.dimensions[2] = .symbol("height")
    graph.values[graph.inputs[0]].declaration?.dimensions[3] = .symbol("width")
    try ONNXFile.write(graph, to: folder.path("open.onnx"))
    let run = try infer(folder.path("open.onnx"), ["--size", "16"])
    #expect(run.status == 1 && run.error.contains("--size contradicts") && run.error.contains("8x8"), "\(run.error)")
    #expect(try infer(folder.path("open.onnx"), ["--size", "16", "--override"]).status == 0)
    #expect(try infer(folder.path("open.onnx"), ["--size", "8"]).status == 0)
  }
}
