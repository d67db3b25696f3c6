import Platform

/// Celu: x, or alpha · (e^(x/alpha) − 1) below zero. https://onnx.ai/onnx/operators/onnx__Celu.html, opsets 12 and 28.
///
/// Input: X. Output: Y, of the same shape.
public struct Celu: RealFunction {
  public static let name = "Celu"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float

  public init(alpha: Float = 1) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  public func apply(_ x: Double) -> Double { x > 0 ? x : Double(alpha) * platform_expm1(x / Double(alpha)) }
}
