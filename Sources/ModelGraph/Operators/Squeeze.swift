import Text

/// Squeeze: drops axes of extent 1. https://onnx.ai/onnx/operators/onnx__Squeeze.html, opsets 1 to 21.
///
/// Inputs: data, axes (int64 vector, optional: all of extent 1). Before opset 13 axes was an attribute.
public struct Squeeze: OperatorDefinition {
  public static let name = "Squeeze"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let axes = OperatorInput(1, "axes", .setting, .optional)
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
    return [Fact(data.type, try squeezed(data.shape, axes: try inputs.optionalInts(Input.axes)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    return [try data.reshaped(try squeezed(data.shape, axes: try inputs.facts.optionalInts(Input.axes)))]
  }

  private func squeezed(_ shape: Shape, axes named: [Int]?) throws(GraphError) -> Shape {
    guard let named else { return Shape(shape.extents.filter { $0 != 1 }) }
    let axes = try shape.distinctAxes(named, of: "Squeeze")
    for axis in axes where shape[axis] != 1 {
      throw .mismatch("Squeeze: axis \(axis) of data \(shape) is not of extent 1")
    }
    return Shape(shape.extents.indices.filter { !axes.contains($0) }.map { shape[$0] })
  }
}
