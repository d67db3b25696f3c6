/// Size: the number of elements. https://onnx.ai/onnx/operators/onnx__Size.html, opsets 1 to 25.
///
/// Input: data. Output: an int64 scalar.
public struct SizeOperator: OperatorDefinition {
  public static let name = "Size"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
  }

  public static let inputs = [Input.data]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable(
    "its output does not depend on the values of its input")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    [Fact(try Tensor(scalar: Int64(try inputs.required(Input.data).shape.count)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: Int64(try inputs.required(Input.data).count))]
  }
}
