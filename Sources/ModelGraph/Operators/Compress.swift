import Text

/// Compress: the slices along an axis for which a condition holds. https://onnx.ai/onnx/operators/onnx__Compress.html,
/// opsets 9, 11 and 28.
///
/// Inputs: input, condition (bool vector; constant; what it has too few or too many is left out). Without `axis`, the
/// elements of the flattened input.
public struct Compress: OperatorDefinition {
  public static let name = "Compress"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let condition = OperatorInput(1, "condition", .setting)
  }

  public static let inputs = [Input.data, Input.condition]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  /// nil: the input is flattened.
  public var axis: Int?

  public init(axis: Int? = nil) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try attributes.optionalInt("axis") }

  public var attributes: [Attribute] { axis.map { [.int("axis", $0)] } ?? [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (data, condition) = (try inputs.required(Input.data), try inputs.required(Input.condition))
    guard condition.type == .bool, condition.shape.rank == 1 else {
      throw GraphError(.typeMismatch, "Compress: condition is \(condition.type.name) \(condition.shape), not bool [_]")
    }
    let axis = try axis.map { axis throws(GraphError) in try data.shape.axis(axis, of: Self.name) }
    let extent = axis.map { data.shape[$0] } ?? data.shape.count
    return [Fact(data.type, shape(data.shape, axis, chosen(of: extent, try inputs.known(Input.condition)).count))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (data, condition) = (try inputs.required(Input.data), try inputs.required(Input.condition))
    guard let named = axis else {
      let chosen = chosen(of: data.count, condition)
      return [try data.runs(at: chosen, of: 1, shape: [chosen.count])]
    }
    let axis = try data.shape.axis(named, of: Self.name)
    let (strides, chosen) = (data.shape.strides, chosen(of: data.shape[axis], condition))
    let picked = try data.picking(shape(data.shape, axis, chosen.count)) { other in
      (other == axis ? chosen : Array(0..<data.shape[other])).map { $0 * strides[other] }
    }
    return [picked]
  }

  private func chosen(of extent: Int, _ condition: Tensor) -> [Int] {
    let holds = condition.withBytes { Array($0) }
    return (0..<min(extent, holds.count)).filter { holds[$0] != 0 }
  }

  private func shape(_ data: Shape, _ axis: Int?, _ count: Int) -> Shape {
    guard let axis else { return [count] }
    var shape = data
    shape[axis] = count
    return shape
  }
}
