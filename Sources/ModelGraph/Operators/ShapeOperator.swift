/// Shape: the extents of a tensor as a value. https://onnx.ai/onnx/operators/onnx__Shape.html, opsets 1 to 21.
///
/// Input: data. Output: int64 vector of the extents of axes `start` up to but not including `end` (opset 15), clamped.
public struct ShapeOperator: OperatorDefinition {
  public static let name = "Shape"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
  }

  public static let inputs = [Input.data]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable(
    "its output does not depend on the values of its input")

  public var start: Int
  /// nil: to the last axis.
  public var end: Int?

  public init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    start = attributes.opset >= 15 ? try attributes.int("start", default: 0) : 0
    end = attributes.opset >= 15 ? try attributes.optionalInt("end") : nil
  }

  public var attributes: [Attribute] {
    (start == 0 ? [] : [.int("start", start)]) + (end.map { [.int("end", $0)] } ?? [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    [Fact(try extents(of: try inputs.required(Input.data).shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try extents(of: try inputs.required(Input.data).shape)]
  }

  private func extents(of shape: Shape) throws(GraphError) -> Tensor {
    func place(_ axis: Int) -> Int { min(max(axis < 0 ? axis + shape.rank : axis, 0), shape.rank) }
    let first = place(start)
    let extents = shape.extents[first..<max(first, place(end ?? shape.rank))]
    return try Tensor([extents.count], extents.map { Int64($0) })
  }
}
