/// QLinearAdd of com.microsoft: the sum of two quantised tensors, with broadcasting, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearAdd
///
/// Inputs: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point. A, B and C are of one 8-bit type;
/// scales and zero points are one number each, and zero points may be left out (0).
public struct QLinearAdd: OperatorDefinition {
  public static let name = "QLinearAdd"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let a = OperatorInput(0, "A", .activation)
    public static let aScale = OperatorInput(1, "A_scale", .setting)
    public static let aZeroPoint = OperatorInput(2, "A_zero_point", .setting)
    public static let b = OperatorInput(3, "B", .activation)
    public static let bScale = OperatorInput(4, "B_scale", .setting)
    public static let bZeroPoint = OperatorInput(5, "B_zero_point", .setting)
    public static let cScale = OperatorInput(6, "C_scale", .setting)
    public static let cZeroPoint = OperatorInput(7, "C_zero_point", .setting, .optional)
  }

  public static let inputs = [
    Input.a, Input.aScale, Input.aZeroPoint, Input.b, Input.bScale, Input.bZeroPoint, Input.cScale, Input.cZeroPoint,
  ]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try inputs.quantizedBinary()] }

  /// As onnxruntime's vector kernels round it: the zero points are gathered into one summand, the products fused with
  /// the sums.
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let (aRatio, bRatio) = (
      inputs.scale(Input.aScale) / inputs.scale(Input.cScale), inputs.scale(Input.bScale) / inputs.scale(Input.cScale)
    )
    let fixed =
      Float(inputs.zeroPoint(Input.cZeroPoint))
      - (aRatio * Float(inputs.zeroPoint(Input.aZeroPoint)) + bRatio * Float(inputs.zeroPoint(Input.bZeroPoint)))
    let sum = try a.centered(nil).combined(with: try b.centered(nil), of: Self.name) { (a: Int32, b: Int32) in
      fixed.addingProduct(Float(b), bRatio).addingProduct(Float(a), aRatio)
    }
    return [try sum.quantized(a.type, zeroPoints: [0])]
  }
}

extension Inputs where Element == Fact {
  /// The result of QLinearAdd and QLinearMul, whose inputs are laid out alike.
  func quantizedBinary() throws(GraphError) -> Fact {
    typealias Input = QLinearAdd.Input
    let (a, b) = (try required(Input.a), try required(Input.b))
    try check(Input.a, is: ElementType.bytes)
    try check(Input.b, matches: Input.a)
    try checkQuantization(Input.aScale, Input.aZeroPoint, a.type)
    try checkQuantization(Input.bScale, Input.bZeroPoint, a.type)
    try checkQuantization(Input.cScale, Input.cZeroPoint, a.type)
    return Fact(a.type, try broadcast(a.shape, b.shape, of: operatorName))
  }
}
