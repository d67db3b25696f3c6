/// QLinearAdd of com.microsoft: the sum of two quantised tensors, with broadcasting, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearAdd
///
/// Inputs: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point. A, B and C are of one 8-bit type;
/// scales and zero points are one number each, and zero points may be left out (0).
public struct QLinearAdd: OperatorDefinition {
  public static let name = "QLinearAdd"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 7...8

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try inputs.quantizedBinary()] }

  /// As onnxruntime's vector kernels round it: the zero points are gathered into one summand, the products fused with
  /// the sums.
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(3, "B"))
    let (aRatio, bRatio) = (inputs.scale(1) / inputs.scale(6), inputs.scale(4) / inputs.scale(6))
    let fixed = Float(inputs.zeroPoint(7)) - (aRatio * Float(inputs.zeroPoint(2)) + bRatio * Float(inputs.zeroPoint(5)))
    let sum = try a.centered(nil).combined(with: try b.centered(nil), of: Self.name) { (a: Int32, b: Int32) in
      fixed.addingProduct(Float(b), bRatio).addingProduct(Float(a), aRatio)
    }
    return [try sum.quantized(a.type, zeroPoints: [0])]
  }
}

extension Inputs where Element == Fact {
  /// The result of QLinearAdd and QLinearMul, whose inputs are laid out alike.
  func quantizedBinary() throws(GraphError) -> Fact {
    let (a, b) = (try required(0, "A"), try required(3, "B"))
    try a.mustBe(ElementType.bytes, "\(operatorName): A")
    try b.mustMatch(a, "A", "\(operatorName): B")
    try checkQuantization(of: "A", a.type, scale: 1, zeroPoint: 2)
    try checkQuantization(of: "B", a.type, scale: 4, zeroPoint: 5)
    try checkQuantization(of: "C", a.type, scale: 6, zeroPoint: 7)
    return Fact(a.type, try broadcast(a.shape, b.shape, of: operatorName))
  }
}
