import Text

/// Constant: a value of the file's own. https://onnx.ai/onnx/operators/onnx__Constant.html, opsets 1 to 21.
///
/// No inputs. Given as a tensor, or from opset 12 on as an int, a float, or a list of either; text is refused.
public struct Constant: OperatorDefinition {
  public static let name = "Constant"
  public static let inputs: [OperatorInput] = []
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it has no inputs")

  public var value: Tensor

  public init(_ value: Tensor) { self.value = value }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    for name in ["value_string", "value_strings"] where attributes.has(name) {
      throw GraphError(.unsupportedType, "Constant: '\(name)' is text, and only numbers are computed with here")
    }
    if let tensor = try attributes.tensor("value") {
      value = tensor
    } else if case .int(let int)? = attributes.take("value_int") {
      value = try Tensor(scalar: Int64(int))
    } else if case .ints(let ints)? = attributes.take("value_ints") {
      value = try Tensor([ints.count], ints.map { Int64($0) })
    } else if case .float(let float)? = attributes.take("value_float") {
      value = try Tensor(scalar: float)
    } else if case .floats(let floats)? = attributes.take("value_floats") {
      value = try Tensor([floats.count], floats)
    } else {
      throw attributes.bad("value", "is required (or value_int, value_ints, value_float, value_floats)")
    }
  }

  public var attributes: [Attribute] { [Attribute("value", .tensor(value))] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [Fact(value)] }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] { [value] }
}
