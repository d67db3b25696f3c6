/// QLinearSigmoid of com.microsoft: 1 / (1 + e^-x) of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSigmoid
///
/// Inputs: X, X_scale, X_zero_point (optional: 0), Y_scale, Y_zero_point (optional: 0). Y is of X's shape and 8-bit
/// type.
public struct QLinearSigmoid: QuantizedFunction {
  public static let name = "QLinearSigmoid"
  public static let domain = OperatorDomain.microsoft

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Float) -> Float { Float(1 / (1 + (-Double(x)).exponential)) }
}
