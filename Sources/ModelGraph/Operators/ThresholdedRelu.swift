/// ThresholdedRelu: x above alpha, 0 elsewhere. https://onnx.ai/onnx/operators/onnx__ThresholdedRelu.html, opsets 10 and 22.
///
/// Input: X. Output: Y, of the same shape. A NaN gives 0.
public struct ThresholdedRelu: RealFunction {
  public static let name = "ThresholdedRelu"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float

  public init(alpha: Float = 1) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  public func apply(_ x: Double) -> Double { x > Double(alpha) ? x : 0 }
}
