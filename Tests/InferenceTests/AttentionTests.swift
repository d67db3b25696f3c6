import Inference
import Kernels
import ModelGraph
import TestSupport
import Testing

/// Attention as exporters spell it out, by one step and by definition.
@Suite struct AttentionTests {
  private static let (tokens, heads, depth) = (19, 3, 8)

  /// How a layer's result is cut into queries, keys and values.
  enum Cut: String, CaseIterable, Sendable { case split, gather, slice }
  enum Scale: String, CaseIterable, Sendable { case none, scores, quotient, operands }
  enum Mask: String, CaseIterable, Sendable { case none, whole, row, heads, computed }

  private func qkv(_ sketch: inout Sketch, _ x: Int, _ cut: Cut) throws -> [Int] {
    let (tokens, heads, depth) = (Self.tokens, Self.heads, Self.depth)
    let width = heads * depth
    let all = try sketch.node("MatMul", [x, try sketch.constant([width, 3 * width], scale: 0.3)])
    let shape = try sketch.ints([2, Int64(tokens), 3, Int64(heads), Int64(depth)])
    let apart = try sketch.node("Reshape", [all, shape])
    let turned = try sketch.node("Transpose", [apart], [.ints("perm", [2, 0, 3, 1, 4])])
    return try (0..<3).map { part in
      switch cut {
      case .gather: return try sketch.node("Gather", [turned, sketch.constant(try Tensor(scalar: Int64(part)))])
      case .split, .slice:
        let (from, to) = (try sketch.ints([Int64(part)]), try sketch.ints([Int64(part) + 1]))
        let piece = try sketch.node("Slice", [turned, from, to, try sketch.ints([0])])
        return cut == .slice
          ? try sketch.node("Squeeze", [piece, try sketch.ints([0])])
          : try sketch.node("Reshape", [piece, try sketch.ints([2, Int64(heads), Int64(tokens), Int64(depth)])])
      }
    }
  }

  @Test(arguments: Cut.allCases, Scale.allCases) func heads(_ cut: Cut, _ scale: Scale) throws {
    for mask in Mask.allCases {
      var sketch = Sketch(seed: 5)
      let (tokens, heads, width) = (Self.tokens, Self.heads, Self.heads * Self.depth)
      let x = sketch.input([2, tokens, width])
      var parts = try qkv(&sketch, x, cut)
      let factor = sketch.constant(try Tensor([1], [Float(0.6)]))
      parts[1] = try sketch.node("Transpose", [parts[1]], [.ints("perm", [0, 1, 3, 2])])
      if scale == .operands {
        parts[0] = try sketch.node("Mul", [parts[0], factor])
        parts[1] = try sketch.node("Mul", [factor, parts[1]])
      }
      var scores = try sketch.node("MatMul", [parts[0], parts[1]])
      if scale == .scores { scores = try sketch.node("Mul", [scores, factor]) }
      if scale == .quotient { scores = try sketch.node("Div", [scores, factor]) }
      switch mask {
      case .none: break
      case .whole: scores = try sketch.node("Add", [scores, try sketch.constant([2, heads, tokens, tokens])])
      case .row: scores = try sketch.node("Add", [try sketch.constant([1, tokens]), scores])
      case .heads: scores = try sketch.node("Add", [scores, try sketch.constant([heads, tokens, tokens])])
      case .computed:
        let sums = try sketch.node("ReduceSum", [x, try sketch.ints([2])])
        let shape = try sketch.ints([2, 1, 1, Int64(tokens)])
        scores = try sketch.node("Add", [scores, try sketch.node("Reshape", [sums, shape])])
      }
      let shares = try sketch.node("Softmax", [scores], [.int("axis", -1)])
      let products = try sketch.node("MatMul", [shares, parts[2]])
      let joined = try sketch.node("Transpose", [products], [.ints("perm", [0, 2, 1, 3])])
      let flat = try sketch.node("Reshape", [joined, try sketch.ints([2, Int64(tokens), Int64(width)])])
      sketch.output(try sketch.node("MatMul", [flat, try sketch.constant([width, 5])]))
      try sketch.check()
      let engine = try Engine(sketch.graph)
      let kernels = engine.profile.map { $0.kernel }
      #expect(kernels.count { $0.hasPrefix("f32_attention") } == 1, "\(kernels)")
      // Nothing is cut, turned, scaled or added apart: the input's copy, two layers, and the sums of a mask.
      let mostSteps = mask == .computed ? 5 : 4
      #expect(kernels.count { !$0.hasPrefix("f32_nhwc") } <= mostSteps, "\(kernels)")
    }
  }

  /// In bf16 both of its products are.
  @Test func bfloat16() throws {
    var sketch = Sketch(seed: 9)
    let (q, k, v) = (sketch.input([3, 19, 8]), sketch.input([3, 8, 19]), sketch.input([3, 19, 16]))
    let shares = try sketch.node("Softmax", [try sketch.node("MatMul", [q, k])], [.int("axis", -1)])
    sketch.output(try sketch.node("MatMul", [shares, v]))
    var options = EngineOptions()
    options.precision = .bfloat16
    let engine = try Engine(sketch.graph, options: options)
    let kernels = engine.profile.map { $0.kernel }
    let pays = bf16_convolution_pays(kernels_level_in_use()) != 0
    #expect(kernels.contains { $0 == (pays ? "bf16_attention" : "f32_attention") }, "\(kernels)")
  }

  /// What something else reads too must still be computed: scores, shares, the parts, products before and after a transposition.
  @Test func readers() throws {
    for read in 0..<8 {
      var sketch = Sketch(seed: read)
      let (tokens, heads, width) = (Self.tokens, Self.heads, Self.heads * Self.depth)
      let x = sketch.input([2, tokens, width])
      let parts = try qkv(&sketch, x, .gather)
      let keys = try sketch.node("Transpose", [parts[1]], [.ints("perm", [0, 1, 3, 2])])
      let scores = try sketch.node("MatMul", [parts[0], keys])
      let shares = try sketch.node("Softmax", [scores], [.int("axis", -1)])
      let products = try sketch.node("MatMul", [shares, parts[2]])
      let joined = try sketch.node("Transpose", [products], [.ints("perm", [0, 2, 1, 3])])
      let flat = try sketch.node("Reshape", [joined, try sketch.ints([2, Int64(tokens), Int64(width)])])
      let others = [scores, shares, parts[0], keys, parts[2], products, joined, x]
      sketch.output(try sketch.node("Relu", [flat]))
      sketch.output(read == 7 ? try sketch.node("Add", [flat, x]) : try sketch.node("Neg", [others[read]]))
      _ = heads
      try sketch.check()
    }
  }

  /// What is no attention that the step knows: another axis, a factor for each head, a mask before the factor, few queries.
  @Test func others() throws {
    for kind in 0..<5 {
      var sketch = Sketch(seed: kind)
      let rows = kind == 3 ? 4 : Self.tokens
      let (q, k, v) = (
        sketch.input([2, 3, rows, 8]), sketch.input([2, 3, 8, rows]), sketch.input([2, 3, rows, 5])
      )
      var scores = try sketch.node("MatMul", [q, k])
      if kind == 1 { scores = try sketch.node("Mul", [scores, try sketch.constant([3, 1, 1])]) }
      if kind == 2 {
        scores = try sketch.node("Add", [scores, try sketch.constant([rows, rows])])
        scores = try sketch.node("Mul", [scores, sketch.constant(try Tensor(scalar: Float(0.5)))])
      }
      let shares = try sketch.node("Softmax", [scores], [.int("axis", kind == 0 ? 2 : -1)])
      // Values of more items than the scores have.
      let values = kind == 4 ? try sketch.node("Unsqueeze", [v, try sketch.ints([0])]) : v
      sketch.output(try sketch.node("MatMul", [shares, values]))
      try sketch.check(references: nil)
    }
  }
}
