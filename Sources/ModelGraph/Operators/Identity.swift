/// Identity: the input as it is. https://onnx.ai/onnx/operators/onnx__Identity.html, opsets 1, 13, 14, 16, 19 and 21.
///
/// Input: input, of any type. Output: output.
public struct Identity: OperatorDefinition {
  public static let name = "Identity"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.view
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try inputs.required(Input.x)] }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] { [try inputs.required(Input.x)] }
}
