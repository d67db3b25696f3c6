/// Flatten: a matrix of the axes before `axis` and those from it on. https://onnx.ai/onnx/operators/onnx__Flatten.html,
/// opsets 1 to 21.
///
/// Input: any `[d0, …, dn]`. Output: `[d0 · … · d(axis-1), d(axis) · … · dn]`.
public struct Flatten: OperatorDefinition {
  public static let name = "Flatten"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.view
  public static let differentiability = Differentiability.differentiable

  /// From `-rank` to `rank`, both included.
  public var axis: Int

  public init(axis: Int = 1) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try attributes.int("axis", default: 1) }

  public var attributes: [Attribute] { [.int("axis", axis)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let input = try inputs.required(Input.x)
    return [Fact(input.type, try flat(input.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(Input.x)
    return [try input.reshaped(try flat(input.shape))]
  }

  private func flat(_ shape: Shape) throws(GraphError) -> Shape {
    let split = axis == shape.rank ? shape.rank : try shape.axis(axis, of: "Flatten")
    return [shape.extents[..<split].reduce(1, *), shape.extents[split...].reduce(1, *)]
  }
}
