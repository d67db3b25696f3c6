/// Unsqueeze: adds axes of extent 1. https://onnx.ai/onnx/operators/onnx__Unsqueeze.html, opsets 1 to 21.
///
/// Inputs: data, axes (int64 vector: places in the output's shape). Before opset 13 axes was an attribute.
public struct Unsqueeze: OperatorDefinition {
  public static let name = "Unsqueeze"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let axes = OperatorInput(1, "axes", .setting)
  }

  public static let inputs = [Input.data, Input.axes]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.view
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 13 { try attributes.moveInts(to: Input.axes) }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, try unsqueezed(data.shape, axes: try inputs.ints(Input.axes)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    return [try data.reshaped(try unsqueezed(data.shape, axes: try inputs.facts.ints(Input.axes)))]
  }

  private func unsqueezed(_ shape: Shape, axes named: [Int]) throws(GraphError) -> Shape {
    let ones = Shape([Int](repeating: 1, count: shape.rank + named.count))
    var isNew = [Bool](repeating: false, count: ones.rank)
    for axis in try ones.distinctAxes(named, of: "Unsqueeze") { isNew[axis] = true }
    var kept = shape.extents.makeIterator()
    return Shape(isNew.map { $0 ? 1 : kept.next() ?? 1 })
  }
}
