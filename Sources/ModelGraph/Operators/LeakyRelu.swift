/// LeakyRelu: y = x, or alpha · x below zero. https://onnx.ai/onnx/operators/onnx__LeakyRelu.html, opsets 1, 6 and 16.
///
/// Input: X. Output: Y, of the same shape.
public struct LeakyRelu: FloatFunction {
  public static let name = "LeakyRelu"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float

  public init(alpha: Float = 0.01) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 0.01)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  @inline(__always)
  public func apply<Number: Real>(_ x: Number) -> Number { x.leaky(Number(alpha)) }
}
