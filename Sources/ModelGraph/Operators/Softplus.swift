/// Softplus: ln(e^x + 1). https://onnx.ai/onnx/operators/onnx__Softplus.html, opsets 1 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Softplus: RealFunction {
  public static let name = "Softplus"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.softplus }
}
