/// QLinearMul of com.microsoft: the product of two quantised tensors, with broadcasting, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearMul
///
/// Inputs: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point. A, B and C are of one 8-bit type;
/// scales and zero points are one number each, and zero points may be left out (0).
public struct QLinearMul: OperatorDefinition {
  public static let name = "QLinearMul"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 7...8

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try inputs.quantizedBinary()] }

  /// As onnxruntime rounds it: with the zero point of C already added.
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let a = try inputs.required(0, "A")
    let b = try inputs.required(3, "B").centered(inputs[5])
    let factor = inputs.scale(1) * inputs.scale(4) / inputs.scale(6)
    let zeroPoint = Float(inputs.zeroPoint(7))
    let product = try a.centered(inputs[2]).combined(with: b, of: Self.name) { (a: Int32, b: Int32) in
      Float(a &* b) * factor + zeroPoint
    }
    return [try product.quantized(a.type, zeroPoints: [0])]
  }
}
