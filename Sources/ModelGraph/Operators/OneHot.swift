import Text

/// OneHot: for each index a row that is on at the index and off elsewhere.
/// https://onnx.ai/onnx/operators/onnx__OneHot.html, opsets 9, 11 and 28.
///
/// Inputs: indices (any numbers; negative from the back), depth (one number, the length of a row; constant), values
/// (`[off, on]`). Output: of the type of values, with a further axis of extent depth at `axis`. The row of an index
/// outside is off.
public struct OneHot: OperatorDefinition {
  public static let name = "OneHot"

  public enum Input {
    public static let indices = OperatorInput(0, "indices", .activation)
    public static let depth = OperatorInput(1, "depth", .setting)
    public static let values = OperatorInput(2, "values", .setting)
  }

  public static let inputs = [Input.indices, Input.depth, Input.values]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it is a function of whole numbers")

  public var axis: Int

  public init(axis: Int = -1) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try attributes.int("axis", default: -1) }

  public var attributes: [Attribute] { [.int("axis", axis)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.indices, is: ElementType.numbers)
    try inputs.check(Input.depth, is: ElementType.numbers)
    let values = try inputs.required(Input.values)
    guard values.shape == [2] else { throw .mismatch("OneHot: values is \(values.shape), must be [2]") }
    try inputs.checkSingle(Input.depth)
    let place = try place(inputs.required(Input.indices).shape)
    return [Fact(values.type, try shape(inputs.required(Input.indices).shape, place, try inputs.known(Input.depth)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (indices, values) = (try inputs.required(Input.indices), try inputs.required(Input.values))
    let place = try place(indices.shape)
    let shape = try shape(indices.shape, place, try inputs.required(Input.depth))
    let (depth, inner) = (shape[place], indices.shape.count(from: place))
    var starts: [Int] = []
    for (position, index) in (try indices.converted(to: .int64).ints ?? []).enumerated() {
      guard index >= -depth, index < depth else { continue }
      let row = position / inner * depth + (index < 0 ? index + depth : index)
      starts.append(row * inner + position % inner)
    }
    var result = try values.runs(at: [0], of: 1, shape: []).expanded(to: shape)
    let on = try values.runs(at: [1], of: 1, shape: []).expanded(to: [starts.count])
    result.scatter(on, at: starts, of: 1, by: .none)
    return [result]
  }

  /// The position of the new axis.
  private func place(_ indices: Shape) throws(GraphError) -> Int {
    try Shape(indices.extents + [1]).axis(axis, of: Self.name)
  }

  private func shape(_ indices: Shape, _ place: Int, _ depth: Tensor) throws(GraphError) -> Shape {
    let extent = depth.firstInt
    guard extent >= 1 else { throw GraphError(.badInput, "OneHot: depth is \(extent), must be at least 1") }
    return Shape(indices.extents[..<place] + [extent] + indices.extents[place...])
  }
}
