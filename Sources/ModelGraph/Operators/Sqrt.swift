/// Sqrt: the square root. https://onnx.ai/onnx/operators/onnx__Sqrt.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape. Of a negative number: NaN.
public struct Sqrt: RealFunction {
  public static let name = "Sqrt"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.squareRoot() }
}
