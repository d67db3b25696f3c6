import Text

/// Cast: the same values in another element type. https://onnx.ai/onnx/operators/onnx__Cast.html, opsets 1 to 25.
///
/// From float to integer: towards zero. Where C and ONNX leave the result undefined, the nearest integer (NaN: 0).
/// From integer to a narrower one: the low bits. To bool: whether it is not 0. To float: rounded to nearest.
public struct Cast: OperatorDefinition {
  public static let name = "Cast"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var to: ElementType

  public init(to: ElementType) { self.to = to }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 6 {
      let name = try attributes.string("to", default: "")
      guard let type = ElementType(onnxName: name) else {
        throw GraphError(.unsupportedType, "Cast: attribute 'to' is '\(name)', which is not supported")
      }
      to = type
    } else {
      to = try attributes.elementType("to", try attributes.int("to"))
    }
    // Both concern only float 8 types, which are refused above.
    if attributes.opset >= 19 { _ = try attributes.flag("saturate", default: true) }
    if attributes.opset >= 24 { _ = try attributes.string("round_mode", default: "up") }
  }

  public var attributes: [Attribute] { [.int("to", to.onnxNumber)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    [Fact(to, try inputs.required(Input.x).shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try inputs.required(Input.x).converted(to: to)]
  }
}
