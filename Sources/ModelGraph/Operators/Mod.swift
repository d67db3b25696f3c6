import Platform

/// Mod: the remainder of a division. https://onnx.ai/onnx/operators/onnx__Mod.html, opsets 10, 13 and 28.
///
/// Inputs: A, B, of one number type. Output: C, of the shape both broadcast to: A − ⌊A / B⌋ · B, of B's sign; with `fmod`,
/// the quotient is truncated instead, and C is of A's sign. By zero, integers give 0 as in NumPy, floats NaN.
public struct Mod: OperatorDefinition {
  public typealias Input = BinaryInput

  public static let name = "Mod"
  public static let inputs = BinaryInput.all
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var truncates: Bool

  public init(truncates: Bool = false) { self.truncates = truncates }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    truncates = try attributes.flag("fmod", default: false)
  }

  public var attributes: [Attribute] { truncates ? [.flag("fmod", true)] : [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.pair(ElementType.numbers)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.combined(real: { real($0, $1) }, signed: { signed($0, $1) }, unsigned: { $1 == 0 ? 0 : $0 % $1 })
  }

  private func real(_ a: Double, _ b: Double) -> Double {
    let rest = platform_fmod(a, b)
    if truncates || rest.isNaN { return rest }
    if rest == 0 { return b < 0 ? -0.0 : 0 }
    return (rest < 0) == (b < 0) ? rest : rest + b
  }

  private func signed(_ a: Int64, _ b: Int64) -> Int64 {
    if b == 0 { return 0 }
    let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
    return truncates || rest == 0 || (rest < 0) == (b < 0) ? rest : rest + b
  }
}
