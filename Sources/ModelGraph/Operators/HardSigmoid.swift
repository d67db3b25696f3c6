/// HardSigmoid: y = max(0, min(1, alpha · x + beta)). https://onnx.ai/onnx/operators/onnx__HardSigmoid.html, opsets 1 and
/// 6.
///
/// Input: X. Output: Y, of the same shape.
public struct HardSigmoid: FloatFunction {
  public static let name = "HardSigmoid"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float
  public var beta: Float

  public init(alpha: Float = 0.2, beta: Float = 0.5) {
    self.alpha = alpha
    self.beta = beta
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 0.2)
    beta = try attributes.float("beta", default: 0.5)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha), .float("beta", beta)] }

  @inline(__always)
  public func apply<Number: Real>(_ x: Number) -> Number { x.hardSigmoid(Number(alpha), Number(beta)) }
}
