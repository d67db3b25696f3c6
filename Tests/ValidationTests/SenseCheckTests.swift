import ModelGraph
import Testing
import Validation

/// What the warnings W306 to W319 must not be about; Fixtures/codes has a file for each that triggers it,
/// but for W317.
@Suite struct SenseCheckTests {
  private func codes(_ graph: Graph) -> [Code] {
    Validator.findings(in: graph).map { $0.code }.filter { $0 != .noMetadata }
  }

  /// x `[N, 4]` → MatMul with `weights` behind a DequantizeLinear → y; x is quantised too.
  private func quantized<Element: TensorElement>(_ weights: [Element], zero: Element, scale: Float = 0.1) throws
    -> Graph
  {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(4)]))
    let s = graph.addConstant("s", try Tensor(scalar: scale))
    let z = graph.addConstant("z", try Tensor(scalar: zero))
    let w = graph.addConstant("w", try Tensor([4, weights.count / 4], weights))
    let q = graph.add(try Operator(named: "QuantizeLinear"), "q", [x, s, z])
    let d = graph.add(try Operator(named: "DequantizeLinear"), "d", [q, s, z])
    let dw = graph.add(try Operator(named: "DequantizeLinear"), "dw", [w, s, z])
    graph.outputs = [graph.add(try Operator(named: "MatMul"), "y", [d, dw])]
    return graph
  }

  /// x plus a part of a constant of `rows` × 512 floats.
  private func sliced(rows: Int) throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(4)]))
    let table = graph.addConstant("table", try Tensor([rows, 512], (0..<(rows * 512)).map { Float($0 % 7) }))
    let starts = graph.addConstant("starts", try Tensor([2], [Int64(0), 0]))
    let ends = graph.addConstant("ends", try Tensor([2], [Int64(1), 4]))
    let part = graph.add(try Operator(named: "Slice"), "part", [table, starts, ends])
    graph.outputs = [graph.add(try Operator(named: "Add"), "y", [x, part])]
    return graph
  }

  @Test func constantThatFoldingWouldShrink() throws {
    #expect(codes(try sliced(rows: 513)) == [.foldable])
    #expect(codes(try sliced(rows: 511)).isEmpty)
  }

  private func spread(_ count: Int, _ low: Int, _ high: Int) -> [Int] {
    (0..<count).map { low + $0 * (high - low) / (count - 1) }
  }

  @Test(arguments: [(-127, 127), (-20, 20), (0, 26)]) func rangesOfInt8(low: Int, high: Int) throws {
    #expect(codes(try quantized(spread(64, low, high).map { Int8($0) }, zero: 0)).isEmpty)
  }

  @Test func rangesAroundAZeroPoint() throws {
    #expect(codes(try quantized(spread(64, 100, 160).map { UInt8($0) }, zero: 128)).isEmpty)
    #expect(codes(try quantized(spread(64, 120, 130).map { UInt8($0) }, zero: 128)) == [.narrowWeights])
    // Far from the zero point, so that the range is used.
    #expect(codes(try quantized(spread(64, 120, 130).map { UInt8($0) }, zero: 3)).isEmpty)
    #expect(codes(try quantized([UInt8](repeating: 128, count: 64), zero: 128)) == [.zeroWeights])
  }

  @Test func someWeightsAtTheEnds() throws {
    var weights = spread(1024, -100, 100).map { Int8($0) }
    // As many as a per-channel scale gives: one or two a channel.
    for channel in 0..<256 { weights[channel * 4] = channel % 2 == 0 ? 127 : -128 }
    #expect(codes(try quantized(weights, zero: 0)).isEmpty)
    for index in 0..<600 { weights[index] = 127 }
    #expect(codes(try quantized(weights, zero: 0)) == [.saturatedWeights])
  }

  @Test(arguments: [Float(0), -1, 1e-40]) func scales(scale: Float) throws {
    #expect(codes(try quantized(spread(64, -100, 100).map { Int8($0) }, zero: 0, scale: scale)) == [.badScale])
  }

  @Test func outputsNamedLikeLogarithms() throws {
    for (name, found) in [("logits", false), ("log_prob", false), ("Probabilities", true), ("softmax_out", true)] {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", Declaration(.float32, [2, 3]))
      graph.outputs = [graph.add(try Operator(named: "Relu"), name, [x])]
      #expect(codes(graph) == (found ? [.noProbability] : []), "\(name)")
    }
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [2, 3]))
    graph.outputs = [graph.add(try Operator(named: "Softmax"), "probabilities", [x])]
    #expect(codes(graph).isEmpty)
  }

  @Test func doublesThatAreMeant() throws {
    for type in [ElementType.float64, .float32] {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", Declaration(type, [2, 3]))
      let wide = graph.add(try Operator(named: "Cast", [.int("to", 11)]), "wide", [x])
      let y = graph.add(try Operator(named: "Cast", [.int("to", 1)]), "y", [wide])
      graph.outputs = [y]
      #expect(codes(graph) == (type == .float64 ? [] : [.doubles]))
    }
  }
}
