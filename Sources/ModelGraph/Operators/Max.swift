/// Max: the largest of all inputs; NaN if one is. https://onnx.ai/onnx/operators/onnx__Max.html, opsets 1, 6, 8, 12 and 13.
///
/// Inputs: any number of one type. Output: of the shape that all broadcast to.
public struct Max: VariadicOperator {
  public static let name = "Max"
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.numbers }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.orLarger(next) }
}
