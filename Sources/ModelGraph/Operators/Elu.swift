/// Elu: y = x, or alpha · (e^x − 1) below zero. https://onnx.ai/onnx/operators/onnx__Elu.html, opsets 1, 6 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Elu: FloatFunction {
  public static let name = "Elu"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float

  public init(alpha: Float = 1) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  @inline(__always)
  public func apply<Number: Real>(_ x: Number) -> Number { x < 0 ? Number(alpha) * (x.exponential - 1) : x }
}
