/// Relu: y = max(0, x). https://onnx.ai/onnx/operators/onnx__Relu.html, opsets 1, 6, 13 and 14 (signed integers too).
///
/// Input: X. Output: Y, of the same shape.
public struct Relu: NumberFunction {
  public static let name = "Relu"
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.floats + ElementType.signed }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply<Number: Arithmetic>(_ x: Number) -> Number { x.rectified }
}
