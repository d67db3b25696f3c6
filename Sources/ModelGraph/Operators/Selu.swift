import Platform

/// Selu: gamma · x, or gamma · alpha · (e^x − 1) below zero. https://onnx.ai/onnx/operators/onnx__Selu.html, opsets 1
/// (other defaults), 6 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Selu: RealFunction {
  public static let name = "Selu"
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float
  public var gamma: Float

  public init(alpha: Float = 1.67326319217681884765625, gamma: Float = 1.05070102214813232421875) {
    self.alpha = alpha
    self.gamma = gamma
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    let defaults = attributes.opset < 6 ? Selu(alpha: 1.6732, gamma: 1.0507) : Selu()
    alpha = try attributes.float("alpha", default: defaults.alpha)
    gamma = try attributes.float("gamma", default: defaults.gamma)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha), .float("gamma", gamma)] }

  public func apply(_ x: Double) -> Double {
    Double(gamma) * (x > 0 ? x : Double(alpha) * platform_expm1(x))
  }
}
