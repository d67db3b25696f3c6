/// Swish: x / (1 + e^(−alpha · x)). https://onnx.ai/onnx/operators/onnx__Swish.html, opset 24.
///
/// Input: X. Output: Y, of the same shape.
public struct Swish: RealFunction {
  public static let name = "Swish"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float

  public init(alpha: Float = 1) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
  }

  public var firstOpset: Int { 24 }
  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  public func apply(_ x: Double) -> Double { x.swish(Double(alpha)) }
}
