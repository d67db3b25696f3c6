import Text

/// RotaryEmbedding: turns pairs of elements of each head by an angle that depends on the place in the sequence.
/// https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html, opset 23.
///
/// Inputs: X `[N, heads, S, D]` or `[N, S, heads · D]`; cos_cache and sin_cache `[places, R/2]`, where position_ids
/// int64 `[N, S]` says the place of each token, or else `[N, S, R/2]`. Output: Y, of X's shape. R is
/// `rotary_embedding_dim`, D if that is 0; elements from R on stay. Element i is paired with i + R/2, or with
/// `interleaved` with its neighbour.
public struct RotaryEmbedding: OperatorDefinition {
  public static let name = "RotaryEmbedding"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let cosines = OperatorInput(1, "cos_cache", .setting)
    public static let sines = OperatorInput(2, "sin_cache", .setting)
    public static let positions = OperatorInput(3, "position_ids", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.cosines, Input.sines, Input.positions]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var interleaved: Bool
  /// Needed for an input of three axes; 0: not given.
  public var heads: Int
  /// Elements of a head that turn; 0: all.
  public var rotated: Int

  public init(heads: Int = 0, rotated: Int = 0, interleaved: Bool = false) {
    self.heads = heads
    self.rotated = rotated
    self.interleaved = interleaved
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    interleaved = try attributes.flag("interleaved", default: false)
    heads = try attributes.int("num_heads", default: 0)
    rotated = try attributes.int("rotary_embedding_dim", default: 0)
    guard heads >= 0 else { throw attributes.bad("num_heads", "is \(heads), must not be negative") }
    guard rotated >= 0 else { throw attributes.bad("rotary_embedding_dim", "is \(rotated), must not be negative") }
  }

  public var attributes: [Attribute] {
    [.flag("interleaved", interleaved), .int("num_heads", heads), .int("rotary_embedding_dim", rotated)]
  }

  public var firstOpset: Int { 23 }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, cosines) = (try inputs.required(Input.x), try inputs.required(Input.cosines))
    _ = try inputs.required(Input.sines)
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.cosines, matches: Input.x)
    try inputs.check(Input.sines, matches: Input.x)
    try inputs.check(Input.positions, is: [.int64])
    let sizes = try sizes(x.shape)
    try inputs.check(Input.sines, isShaped: cosines.shape)
    try inputs.check(Input.positions, isShaped: [sizes.batch, sizes.length])
    if inputs[Input.positions] == nil {
      try inputs.check(Input.cosines, isShaped: [sizes.batch, sizes.length, sizes.pairs])
    } else {
      guard cosines.shape.rank == 2, cosines.shape[1] == sizes.pairs else {
        throw .mismatch("RotaryEmbedding: cos_cache is \(cosines.shape), must be [places, \(sizes.pairs)]")
      }
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let sizes = try sizes(x.shape)
    let cosines: [Double] = try inputs.required(Input.cosines).converted(to: .float64).array()
    let sines: [Double] = try inputs.required(Input.sines).converted(to: .float64).array()
    let positions = inputs[Input.positions]?.ints
    let places = inputs[Input.cosines]?.shape[0] ?? 0
    for position in positions ?? [] where position < 0 || position >= places {
      throw GraphError(.badInput, "RotaryEmbedding: position \(position) is outside the \(places) of cos_cache")
    }
    var y = try x.converted(to: .float64)
    y.withMutableElements(Double.self) { y in
      for vector in 0..<sizes.batch * sizes.heads * sizes.length {
        // The token of the vector: the heads lie before or behind the sequence.
        let token =
          x.shape.rank == 4
          ? vector / (sizes.heads * sizes.length) * sizes.length + vector % sizes.length : vector / sizes.heads
        let angles = (positions.map { $0[token] } ?? token) * sizes.pairs
        for pair in 0..<sizes.pairs {
          let first = vector * sizes.depth + (interleaved ? 2 * pair : pair)
          let second = first + (interleaved ? 1 : sizes.pairs)
          let (cosine, sine, a, b) = (cosines[angles + pair], sines[angles + pair], y[first], y[second])
          y[first] = cosine * a - sine * b
          y[second] = sine * a + cosine * b
        }
      }
    }
    return [try y.converted(to: x.type)]
  }

  private func sizes(_ x: Shape) throws(GraphError) -> (batch: Int, heads: Int, length: Int, depth: Int, pairs: Int) {
    let (heads, length, depth): (Int, Int, Int)
    switch x.rank {
    case 4: (heads, length, depth) = (x[1], x[2], x[3])
    case 3:
      guard self.heads > 0 else {
        throw GraphError(.badAttribute, "RotaryEmbedding: num_heads is required for 3 dimensions")
      }
      guard x[2] % self.heads == 0 else {
        throw .mismatch("RotaryEmbedding: X is \(x), which \(self.heads) heads do not divide")
      }
      (heads, length, depth) = (self.heads, x[1], x[2] / self.heads)
    default: throw GraphError(.wrongRank, "RotaryEmbedding: X is \(x), must have 3 or 4 dimensions")
    }
    let turned = rotated == 0 ? depth : rotated
    guard turned <= depth, turned % 2 == 0 else {
      throw .mismatch("RotaryEmbedding: \(turned) of the \(depth) elements of a head cannot turn in pairs")
    }
    return (x[0], heads, length, depth, turned / 2)
  }
}
