/// CastLike: the same values in the element type of another tensor.
/// https://onnx.ai/onnx/operators/onnx__CastLike.html, opsets 15 to 25.
///
/// Inputs: input, target_type, of which only the type is used. Output: of input's shape. ``Cast`` says how each type
/// becomes another.
public struct CastLike: OperatorDefinition {
  public static let name = "CastLike"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
    public static let target = OperatorInput(1, "target_type", .setting)
  }

  public static let inputs = [Input.x, Input.target]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    // Both concern only float 8 types, which are not supported.
    if attributes.opset >= 19 { _ = try attributes.flag("saturate", default: true) }
    if attributes.opset >= 24 { _ = try attributes.string("round_mode", default: "up") }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    [Fact(try inputs.required(Input.target).type, try inputs.required(Input.x).shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try inputs.required(Input.x).converted(to: try inputs.required(Input.target).type)]
  }
}
