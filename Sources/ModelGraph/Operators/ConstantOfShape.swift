import Text

/// ConstantOfShape: a tensor of one value. https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html, opsets 9 to 25.
///
/// Input: input (int64 vector, the shape; constant). Output: of the type of `value`, by default a float 0.
public struct ConstantOfShape: OperatorDefinition {
  public static let name = "ConstantOfShape"

  public enum Input {
    public static let shape = OperatorInput(0, "input", .setting)
  }

  public static let inputs = [Input.shape]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable(
    "its output does not depend on the values of its input")

  /// One element.
  public var value: Tensor

  public init(_ value: Tensor) { self.value = value }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if let given = try attributes.tensor("value") { value = given } else { value = try Tensor(scalar: Float(0)) }
    guard value.count == 1 else { throw attributes.bad("value", "is \(value.shape), must be one element") }
  }

  public var attributes: [Attribute] { [Attribute("value", .tensor((try? value.reshaped([1])) ?? value))] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.shape, is: [.int64])
    return [Fact(value.type, Shape(try inputs.ints(Input.shape)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try value.reshaped([]).expanded(to: Shape(try inputs.facts.ints(Input.shape)))]
  }
}
