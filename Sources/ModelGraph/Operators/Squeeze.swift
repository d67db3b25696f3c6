/// Squeeze: drops axes of extent 1. https://onnx.ai/onnx/operators/onnx__Squeeze.html, opsets 1 to 21.
///
/// Inputs: data, axes (int64 vector, optional: all of extent 1). Before opset 13 axes was an attribute.
public struct Squeeze: OperatorDefinition {
  public static let name = "Squeeze"
  public static let inputs = 1...2

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 13 { try attributes.moveInts("axes", toInput: 1) }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(0, "data")
    return [Fact(data.type, try squeezed(data.shape, axes: try inputs.optionalInts(1, "axes")))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(0, "data")
    return [try data.reshaped(try squeezed(data.shape, axes: try inputs.facts.optionalInts(1, "axes")))]
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
