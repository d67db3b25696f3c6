/// Shrink: x + bias below −lambd, x − bias above lambd, 0 between. https://onnx.ai/onnx/operators/onnx__Shrink.html, opset
/// 9.
///
/// Input: X. Output: Y, of the same shape. A NaN gives 0.
public struct Shrink: OperatorDefinition {
  public typealias Input = UnaryInput

  public static let name = "Shrink"
  public static let inputs = UnaryInput.all
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var bias: Float
  public var lambd: Float

  public init(bias: Float = 0, lambd: Float = 0.5) {
    self.bias = bias
    self.lambd = lambd
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    bias = try attributes.float("bias", default: 0)
    lambd = try attributes.float("lambd", default: 0.5)
  }

  public var attributes: [Attribute] { [.float("bias", bias), .float("lambd", lambd)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.sameAsFirst(UnaryInput.x, ElementType.numbers)
  }

  /// Integers are computed with as float64.
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(UnaryInput.x)
    let (bias, lambd) = (Double(bias), Double(lambd))
    let wide = x.type.isFloat ? x : try x.converted(to: .float64)
    return [try wide.mapped(to: x.type, real: { $0 < -lambd ? $0 + bias : $0 > lambd ? $0 - bias : 0 })]
  }
}
