import Platform

/// Pow: X to the power of Y. https://onnx.ai/onnx/operators/onnx__Pow.html, opsets 1, 7, 12, 13 and 15.
///
/// Inputs: X (a float type, int32 or int64), Y, of any number type. Output: Z, of X's type and of the shape both broadcast
/// to. Integer powers of integers wrap around, and are truncated for a negative exponent.
public struct Pow: OperatorDefinition {
  public static let name = "Pow"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activationOrWeight)
    public static let y = OperatorInput(1, "Y", .activationOrWeight)
  }

  public static let inputs = [Input.x, Input.y]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) { try attributes.readOldBroadcast(of: Input.y) }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, y) = (try inputs.required(Input.x), try inputs.required(Input.y))
    try inputs.check(Input.x, is: ElementType.floats + [.int32, .int64])
    try inputs.check(Input.y, is: ElementType.numbers)
    return [Fact(x.type, try broadcast(x.shape, y.shape, of: Self.name))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, y) = (try inputs.required(Input.x), try inputs.required(Input.y))
    if x.type.isFloat || y.type.isFloat {
      let (base, exponent) = (try x.real(), try y.real())
      return [try base.combined(with: exponent, of: Self.name, to: x.type, real: { platform_pow($0, $1) })]
    }
    // An exponent beyond int64 counts as the largest of that type.
    let exponent = try y.mapped(real: { $0 }, signed: { $0 }, unsigned: { min($0, UInt64(Int64.max)) })
    return [
      try x.combined(
        with: try exponent.converted(to: .int64), of: Self.name, real: { a, _ in a },
        signed: { Self.power($0, $1) }, unsigned: { a, _ in a })
    ]
  }

  private static func power(_ base: Int64, _ exponent: Int64) -> Int64 {
    if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent & 1 == 0 ? 1 : -1) : 0 }
    var (result, square, rest) = (Int64(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}

extension Tensor {
  /// A float tensor as it is, any other as float64.
  func real() throws(GraphError) -> Tensor { type.isFloat ? self : try converted(to: .float64) }
}
