/// QuickGelu of com.microsoft: x / (1 + e^(−alpha · x)).
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QuickGelu
///
/// Input: X. Output: Y, of the same shape.
public struct QuickGelu: RealFunction {
  public static let name = "QuickGelu"
  public static let domain = OperatorDomain.microsoft
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float

  public init(alpha: Float = 1.702) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1.702)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  public func apply(_ x: Double) -> Double { x.swish(Double(alpha)) }
}
