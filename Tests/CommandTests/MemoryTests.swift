import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// A run needs little memory beyond weights and activations, and no weight is in memory twice.
@Suite struct MemoryTests {
  /// Twelve quantised 3×3 convolutions of 256 channels on 14×14 pictures, and two scores: 7 MB of weights.
  private func model(channels: Int = 256, layers: Int = 12) throws -> Graph {
    var graph = Graph(name: "quantised")
    let scale = graph.addConstant("scale", try Tensor(scalar: Float(0.05)))
    let zero = graph.addConstant("zero", try Tensor(scalar: UInt8(128)))
    let weightZero = graph.addConstant("weight_zero", try Tensor(scalar: Int8(0)))
    let weightScale = graph.addConstant("weight_scale", try Tensor(scalar: Float(0.001)))
    var x = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(14), .fixed(14)]))
    func quantized(_ value: Graph.ValueID, _ name: String) throws -> Graph.ValueID {
      let q = graph.add(try Operator(named: "QuantizeLinear", inputCount: 3), "\(name)_q", [value, scale, zero])
      return graph.add(try Operator(named: "DequantizeLinear", inputCount: 3), "\(name)_dq", [q, scale, zero])
    }
    func weights(_ shape: Shape, _ name: String) throws -> Graph.ValueID {
      let numbers = (0..<shape.count).map { Int8(truncatingIfNeeded: $0 &* 37 % 251 - 125) }
      return graph.add(
        try Operator(named: "DequantizeLinear", inputCount: 3), "\(name)_dq",
        [graph.addConstant(name, try Tensor(shape, numbers)), weightScale, weightZero])
    }
    x = try quantized(x, "picture")
    for layer in 0..<layers {
      let w = try weights([channels, layer == 0 ? 3 : channels, 3, 3], "w\(layer)")
      let conv = try Operator(named: "Conv", inputCount: 2, [.ints("pads", [1, 1, 1, 1])])
      x = try quantized(graph.add(conv, "conv\(layer)", [x, w]), "y\(layer)")
    }
    let pooled = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [x])
    let flat = graph.add(try Operator(named: "Flatten"), "flat", [pooled])
    let head = graph.addConstant(
      "head", try Tensor([channels, 2], (0..<(2 * channels)).map { Float($0 % 7) / 100 }))
    graph.outputs = [graph.add(try Operator(named: "Gemm", inputCount: 2), "logits", [flat, head])]
    var recipe = ModelMetadata()
    recipe.classes = ["a", "b"]
    recipe.inputSize = [14, 14]
    recipe.mean = [0.5, 0.5, 0.5]
    recipe.std = [0.25, 0.25, 0.25]
    graph.metadata = recipe.entries
    return graph
  }

  private func number(_ name: String, in json: String) throws -> Double {
    let rest = try #require(json.range(of: "\"\(name)\": ")).upperBound
    return try #require(Double(json[rest...].prefix { "0123456789.".contains($0) }))
  }

  private func cell(_ side: Int, in folder: TemporaryFolder, _ name: String) throws -> String {
    try PNGFile.write(Picture(width: side, height: side), to: folder.path(name))
    return folder.path(name)
  }

  /// Allowed MiB beyond weights and activations: a quarter of the weights plus the program itself, of which the system
  /// may map more than is used. Duplicate weights would exceed it by far.
  private func allowance(_ weights: Double) -> Double {
    #if DEBUG
      weights / 4 + 16  // with Swift's dynamic libraries
    #else
      weights / 4 + 6.5
    #endif
  }

  @Test func aRunNeedsLittleBesideTheWeights() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    try ONNXFile.write(try model(), to: path)
    let bench = try ProgramRun(
      "giemsa-field", ["bench", path, "--memory", "small", "--json", "--seconds", "0"])
    try #require(bench.status == 0)
    let (weights, activations) = (
      try number("weights_mib", in: bench.output), try number("activations_mib", in: bench.output)
    )
    // Eight bits per weight, plus constants.
    #expect(weights > 6.2 && weights < 6.9)
    let peak = try number("peak_rss_mib", in: bench.output)
    #expect(peak < weights + activations + allowance(weights), "\(peak) MiB for \(weights) + \(activations)")
  }

  @Test func activationsGrowWithTheBatchAndNothingElseDoes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    try ONNXFile.write(try model(channels: 64, layers: 4), to: path)
    var found: [(weights: Double, activations: Double, peak: Double)] = []
    for batch in [8, 16, 32, 64] {
      let run = try ProgramRun(
        "giemsa-field",
        ["bench", path, "--memory", "small", "--json", "--seconds", "0", "--batch", "\(batch)"])
      try #require(run.status == 0)
      found.append(
        (
          try number("weights_mib", in: run.output), try number("activations_mib", in: run.output),
          try number("peak_rss_mib", in: run.output)
        ))
    }
    for (less, more) in zip(found, found.dropFirst()) {
      #expect(more.weights == less.weights)
      // Doubling the batch at most doubles the activations; the constant part is scratch memory.
      #expect(more.activations <= 2 * less.activations + 0.02 && more.activations > less.activations)
      #expect(more.peak <= 2 * less.peak)
    }
  }

  @Test func answersKeepTheOrderOfFiles() throws {
    let folder = try TemporaryFolder()
    let model = folder.path("model.onnx")
    try ONNXFile.write(try SmallModel.graph(), to: model)
    // Large and small pictures alternating, and some invalid ones, so that the decoding thread is ahead by varying
    // amounts.
    var expected: [String] = []
    var bad = 0
    _ = try folder.folder("pictures")
    for index in 0..<40 {
      let name = "pictures/\(index + 100).png"
      if index % 7 == 3 {
        try folder.write([1, 2, 3], to: name)
        bad += 1
      } else {
        let side = index % 3 == 0 ? 300 : 9
        expected.append(try cell(side, in: folder, name))
      }
    }
    for batch in ["1", "4"] {
      let run = try ProgramRun(
        "giemsa-field", ["infer", model, folder.path("pictures"), "--format", "csv", "--batch", batch])
      #expect(run.exited && run.status == 1)
      let paths = run.output.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
      #expect(paths.map { String($0) } == expected)
      #expect(run.errorLines.filter { $0.contains("not a picture") }.count == bad)
    }
  }
}
