/// Sum: the sum of all inputs. https://onnx.ai/onnx/operators/onnx__Sum.html, opsets 1, 6, 8 and 13.
///
/// Inputs: any number of one type. Output: of the shape that all broadcast to.
public struct Sum: VariadicOperator {
  public static let name = "Sum"
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.floats }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.plus(next) }
}
