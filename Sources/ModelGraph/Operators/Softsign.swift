/// Softsign: x / (1 + |x|). https://onnx.ai/onnx/operators/onnx__Softsign.html, opsets 1 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Softsign: RealFunction {
  public static let name = "Softsign"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x / (1 + x.magnitude) }
}
