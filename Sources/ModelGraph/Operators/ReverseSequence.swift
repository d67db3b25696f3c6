import Text

/// ReverseSequence: the first steps of each sequence of a batch in reverse.
/// https://onnx.ai/onnx/operators/onnx__ReverseSequence.html, opsets 10 and 28.
///
/// Inputs: input (its first two axes are `time_axis` and `batch_axis`), sequence_lens (int64 `[batch]`): how many
/// steps of each sequence are reversed; the others stay.
public struct ReverseSequence: OperatorDefinition {
  public static let name = "ReverseSequence"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let lengths = OperatorInput(1, "sequence_lens", .setting)
  }

  public static let inputs = [Input.data, Input.lengths]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  /// Whether axis 0 is the time, and axis 1 the batch.
  public var isTimeFirst: Bool

  public init(isTimeFirst: Bool = true) { self.isTimeFirst = isTimeFirst }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    let (time, batch) = (
      try attributes.int("time_axis", default: 0), try attributes.int("batch_axis", default: 1)
    )
    guard (time == 0 && batch == 1) || (time == 1 && batch == 0) else {
      throw attributes.bad("time_axis", "is \(time), and batch_axis \(batch); they must be 0 and 1, or 1 and 0")
    }
    isTimeFirst = time == 0
  }

  public var attributes: [Attribute] {
    [.int("batch_axis", isTimeFirst ? 1 : 0), .int("time_axis", isTimeFirst ? 0 : 1)]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (data, lengths) = (try inputs.required(Input.data), try inputs.required(Input.lengths))
    try inputs.checkIndices(Input.lengths)
    guard data.shape.rank >= 2 else {
      throw GraphError(.wrongRank, "ReverseSequence: input is \(data.shape), must have at least 2 dimensions")
    }
    guard lengths.shape == [data.shape[isTimeFirst ? 1 : 0]] else {
      throw .mismatch("ReverseSequence: sequence_lens \(lengths.shape) do not fit input \(data.shape)")
    }
    return [Fact(data.type, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let lengths = try inputs.required(Input.lengths).ints ?? []
    guard data.count > 0 else { return [data] }
    let (first, second, length) = (data.shape[0], data.shape[1], data.shape.count(from: 2))
    let steps = isTimeFirst ? first : second
    for length in lengths where length < 0 || length > steps {
      throw GraphError(.badInput, "ReverseSequence: a sequence of \(length) steps; input has \(steps)")
    }
    var starts: [Int] = []
    for row in 0..<first {
      for column in 0..<second {
        let (time, reversed) = isTimeFirst ? (row, lengths[column]) : (column, lengths[row])
        let source = time < reversed ? reversed - 1 - time : time
        starts.append((isTimeFirst ? source * second + column : row * second + source) * length)
      }
    }
    return [try data.runs(at: starts, of: length, shape: data.shape)]
  }
}
