import Text

/// Gelu: x · Φ(x), where Φ is the normal distribution's function. https://onnx.ai/onnx/operators/onnx__Gelu.html, opset
/// 20.
///
/// Input: X. Output: Y, of the same shape.
public struct Gelu: RealFunction {
  public static let name = "Gelu"
  public static let differentiability = Differentiability.differentiable

  /// Computes Φ by a hyperbolic tangent, and not by the error function.
  public var isApproximate: Bool

  public init(isApproximate: Bool = false) { self.isApproximate = isApproximate }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    switch try attributes.string("approximate", default: "none") {
    case "none": isApproximate = false
    case "tanh": isApproximate = true
    case let other: throw attributes.bad("approximate", "is '\(other)', must be none or tanh")
    }
  }

  public var attributes: [Attribute] { isApproximate ? [.string("approximate", "tanh")] : [] }

  public func apply(_ x: Double) -> Double { isApproximate ? x.approximateGelu : x.gelu }
}
