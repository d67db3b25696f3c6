/// QLinearMul of com.microsoft: the product of two quantised tensors, with broadcasting, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearMul
///
/// Inputs: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point. A, B and C are of one 8-bit type;
/// scales and zero points are one number each, and zero points may be left out (0).
public struct QLinearMul: OperatorDefinition {
  public static let name = "QLinearMul"
  public static let domain = OperatorDomain.microsoft
  public typealias Input = QLinearAdd.Input
  public static let inputs = QLinearAdd.inputs
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try inputs.quantizedBinary()] }

  /// As onnxruntime rounds it: with the zero point of C already added.
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let a = try inputs.required(Input.a)
    let b = try inputs.required(Input.b).centered(inputs[Input.bZeroPoint])
    let factor = inputs.scale(Input.aScale) * inputs.scale(Input.bScale) / inputs.scale(Input.cScale)
    let zeroPoint = Float(inputs.zeroPoint(Input.cZeroPoint))
    let product = try a.centered(inputs[Input.aZeroPoint]).combined(with: b, of: Self.name) { (a: Int32, b: Int32) in
      Float(a &* b) * factor + zeroPoint
    }
    return [try product.quantized(a.type, zeroPoints: [0])]
  }
}
