/// Gelu of com.microsoft: x · Φ(x), where Φ is the normal distribution's function.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Gelu
///
/// Input: X. Output: Y, of the same shape.
public struct MicrosoftGelu: RealFunction {
  public static let name = "Gelu"
  public static let domain = OperatorDomain.microsoft
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.gelu }
}
