import Text

/// Split: parts of a tensor along one axis. https://onnx.ai/onnx/operators/onnx__Split.html, opsets 1, 2, 11 (the
/// extents are an attribute), 13 (an input) and 18 (or only their number, `num_outputs`).
///
/// Inputs: input, split (int64 vector of extents, optional: equal parts, of which the last may be smaller from opset 18
/// on). Outputs: a part each.
public struct SplitOperator: OperatorDefinition {
  public static let name = "Split"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let split = OperatorInput(1, "split", .setting, .optional)
  }

  public static let inputs = [Input.data, Input.split]
  public static let outputs = 1...Limits.standard.nodeInputs
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public var axis: Int
  /// The number of equal parts; nil: the extents are an input.
  public var partCount: Int?

  public init(axis: Int = 0, partCount: Int? = nil) {
    self.axis = axis
    self.partCount = partCount
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: 0)
    if attributes.opset < 13, attributes.has("split") {
      try attributes.moveInts(to: Input.split)
    } else if attributes.opset >= 18 {
      partCount = try attributes.optionalInt("num_outputs")
    } else if attributes.inputCount < 2 {
      partCount = attributes.outputCount
    }
    if let partCount, !Self.outputs.contains(partCount) {
      throw attributes.bad("num_outputs", "is \(partCount), must be 1 to \(Self.outputs.upperBound)")
    }
  }

  public var attributes: [Attribute] {
    [.int("axis", axis)] + (partCount.map { [.int("num_outputs", $0)] } ?? [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    let axis = try data.shape.axis(axis, of: Self.name)
    return try extents(inputs, of: data.shape[axis]).map { extent in
      var shape = data.shape
      shape[axis] = extent
      return Fact(data.type, shape)
    }
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let axis = try data.shape.axis(axis, of: Self.name)
    let outer = data.shape.extents[..<axis].reduce(1, *)
    let inner = data.shape.count(from: axis + 1)
    var parts: [Tensor] = []
    var first = 0
    for extent in try extents(inputs.facts, of: data.shape[axis]) {
      var shape = data.shape
      shape[axis] = extent
      // Without a pass over a huge outer extent of an empty part.
      let starts = extent * inner == 0 ? [] : (0..<outer).map { ($0 * data.shape[axis] + first) * inner }
      parts.append(try data.runs(at: starts, of: extent * inner, shape: shape))
      first += extent
    }
    return parts
  }

  /// The extents of the parts of an axis of `whole`.
  func extents(_ inputs: Inputs<Fact>, of whole: Int) throws(GraphError) -> [Int] {
    if let extents = try inputs.optionalInts(Input.split) {
      guard partCount == nil else {
        throw GraphError(.badAttribute, "Split: both 'split' and 'num_outputs' are given")
      }
      guard Self.outputs.contains(extents.count) else {
        throw .mismatch("Split: \(extents.count) extents; 1 to \(Self.outputs.upperBound) are possible")
      }
      guard extents.allSatisfy({ $0 >= 0 }), extents.reduce(0, +) == whole else {
        throw .mismatch("Split: the extents \(Shape(extents)) do not make up \(whole)")
      }
      return extents
    }
    guard let count = partCount else {
      throw GraphError(.wrongArity, "Split: neither input 'split' nor attribute 'num_outputs' is given")
    }
    let extent = (whole + count - 1) / count
    let last = whole - extent * (count - 1)
    guard last >= 0 else { throw .mismatch("Split: \(whole) cannot be split into \(count) parts of \(extent)") }
    return [Int](repeating: extent, count: count - 1) + [last]
  }
}
