import Foundation
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// `infer`, `evaluate` and `quantize` take the inputs and scores that files from elsewhere have, with the same options.
@Suite struct PictureInputTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = folder.path("cells")
    for index in 0..<12 {
      let name = index % 2 == 0 ? "dark" : "light"
      let shade = UInt16(index % 2 == 0 ? 20 + index : 200 + index)
      try folder.write(
        RawPNG.rgb16(width: 8, height: 8) { shade << 8 | UInt16($0 % 3) }, to: "cells/\(name)/S\(index)_IMG_1.png")
    }
  }

  enum Ending: String, CaseIterable { case logits, softmax, logSoftmax, sigmoid }

  /// A convolution, the mean of each channel, and a dense layer: light pictures are of the second class. No metadata.
  private func model(channels: Int, isLast: Bool, range: Float, _ ending: Ending) throws -> String {
    var graph = Graph(name: "small")
    let axes = PictureAxes(isChannelsLast: isLast)
    var dimensions = axes.shape(1, channels: channels, height: 8, width: 8).extents.map { Dimension.fixed($0) }
    dimensions[0] = .symbol("N")
    var x = graph.addInput("input", Declaration(.float32, dimensions))
    if isLast {
      let transpose = try Operator(named: "Transpose", [.ints("perm", [0, 3, 1, 2])])
      x = graph.add(transpose, "planes", [x])
    }
    let weight = [Float](repeating: 1 / Float(channels) / range, count: 2 * channels)
    x = graph.add(
      try Operator(named: "Conv"), "conv", [x, graph.addConstant("w", try Tensor([2, channels, 1, 1], weight))])
    x = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [x])
    x = graph.add(try Operator(named: "Flatten"), "flat", [x])
    let count = ending == .sigmoid ? 1 : 2
    // The mean colour, from 0 to 1: 0.5 is undecided.
    let (dense, bias): ([Float], [Float]) = count == 1 ? ([4, 4], [-4]) : ([-4, 4, -4, 4], [4, -4])
    x = graph.add(
      try Operator(named: "Gemm"), "scores",
      [x, graph.addConstant("d", try Tensor([2, count], dense)), graph.addConstant("b", try Tensor([count], bias))])
    switch ending {
    case .logits: break
    case .softmax: x = graph.add(try Operator(named: "Softmax"), "probabilities", [x])
    case .logSoftmax: x = graph.add(try Operator(named: "LogSoftmax"), "logarithms", [x])
    case .sigmoid: x = graph.add(try Operator(named: "Sigmoid"), "probability", [x])
    }
    graph.outputs = [x]
    let path = folder.path("m-\(channels)-\(isLast)-\(range)-\(ending.rawValue).onnx")
    try ONNXFile.write(graph, to: path)
    return path
  }

  @Test(arguments: [(3, false), (3, true), (1, false), (1, true)], Ending.allCases)
  func everyCommand(_ layout: (channels: Int, isLast: Bool), _ ending: Ending) throws {
    for range in [Float(1), 255] {
      let path = try model(channels: layout.channels, isLast: layout.isLast, range: range, ending)
      let options = ["--classes", "dark,light", "--range", range == 1 ? "1" : "255"]
      let answers = try ProgramRun("giemsa-field", ["infer", path, data, "--format", "csv"] + options)
      #expect(answers.status == 0, "\(answers.error)")
      let rows = answers.output.split(separator: "\n").dropFirst()
      #expect(rows.count == 12)
      #expect(rows.allSatisfy { $0.contains("cells/dark") == $0.contains(",dark,") }, "\(answers.output)")

      let evaluated = try ProgramRun("giemsa", ["evaluate", path, data] + options)
      #expect(evaluated.status == 0 && evaluated.output.contains("100.00 %"), "\(evaluated.output) \(evaluated.error)")

      let out = folder.path("q.onnx")
      let quantised = try ProgramRun(
        "giemsa",
        ["quantize", path, "--calibrate", data, "--images", "6", "--method", "minmax", "--out", out] + options)
      #expect(quantised.status == 0, "\(quantised.error)")
      #expect(quantised.output.contains("float      100.00 %") && quantised.output.contains("int8       100.00 %"))
      // The result records what the options said.
      #expect(try ProgramRun("giemsa-field", ["validate", out]).status == 0)
      let recorded = try ProgramRun("giemsa-field", ["infer", out, data, "--format", "csv"])
      let again = recorded.output.split(separator: "\n").dropFirst()
      #expect(again.count == 12 && again.allSatisfy { $0.contains("cells/dark") == $0.contains(",dark,") })
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let grey = try model(channels: 1, isLast: false, range: 1, .softmax)
    for program in [["giemsa-field", "infer", grey, data], ["giemsa", "evaluate", grey, data]] {
      for (options, word) in [
        ([], "--mean"), (["--mean", "0,1,2", "--std", "1,1,1"], "greys"),
        (["--mean", "0.5", "--std", "1,2,1"], "greys"),
        (["--range", "7"], "--range"), (["--mean", "1,2", "--std", "1"], "--mean"),
        (["--size", "9", "--range", "1"], "--size"),
      ] {
        let run = try ProgramRun(program[0], Array(program[1...]) + options)
        #expect(run.status != 0 && run.error.contains(word), "\(program[0]) \(options): \(run.error)")
      }
    }
    let training = try ProgramRun("giemsa", ["train", data, "--from", grey, "--out", folder.path("run")])
    #expect(training.status == 1 && training.error.contains("[N, 1, 8, 8]"), "\(training.error)")
  }
}
