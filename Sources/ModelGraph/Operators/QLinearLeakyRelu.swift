/// QLinearLeakyRelu of com.microsoft: x, or alpha · x below zero, of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearLeakyRelu
///
/// Inputs: X, X_scale, X_zero_point (optional: 0), Y_scale, Y_zero_point (optional: 0). Y is of X's shape and 8-bit
/// type.
public struct QLinearLeakyRelu: QuantizedFunction {
  public static let name = "QLinearLeakyRelu"
  public static let domain = OperatorDomain.microsoft

  public var alpha: Float

  public init(alpha: Float = 0.01) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 0.01)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  public func apply(_ x: Float) -> Float { x.leaky(alpha) }
}
