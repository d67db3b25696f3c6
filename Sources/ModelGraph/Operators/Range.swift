import Text

/// Range: numbers at equal distances, from start up to but not including limit.
/// https://onnx.ai/onnx/operators/onnx__Range.html, opsets 11 and 27.
///
/// Inputs: start, limit, delta: scalars of one type; constant. Output: a vector of that type. Floats are computed in
/// double precision, whatever `stash_type` says, and rounded once.
public struct RangeOperator: OperatorDefinition {
  public static let name = "Range"

  public enum Input {
    public static let start = OperatorInput(0, "start", .setting)
    public static let limit = OperatorInput(1, "limit", .setting)
    public static let delta = OperatorInput(2, "delta", .setting)
  }

  public static let inputs = [Input.start, Input.limit, Input.delta]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are settings")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    guard attributes.opset >= 27 else { return }
    let stash = try attributes.elementType("stash_type", try attributes.int("stash_type", default: 1))
    guard stash == .float32 || stash == .float64 else {
      throw attributes.bad("stash_type", "is \(stash.name), must be float32 or float64")
    }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.start, is: ElementType.floats + [.int16, .int32, .int64])
    for input in Self.inputs {
      try inputs.check(input, matches: Input.start)
      try inputs.checkSingle(input)
    }
    let start = try inputs.known(Input.start)
    return [
      Fact(start.type, [try count(start, try inputs.known(Input.limit), try inputs.known(Input.delta))])
    ]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (start, delta) = (try inputs.required(Input.start), try inputs.required(Input.delta))
    let count = try count(start, try inputs.required(Input.limit), delta)
    if let first = start.ints?.first, let step = delta.ints?.first {
      return [try Tensor([count], (0..<count).map { Int64(first &+ step &* $0) }).converted(to: start.type)]
    }
    let (first, step) = (start.doubles[0], delta.doubles[0])
    return [try Tensor([count], (0..<count).map { first + step * Double($0) }).converted(to: start.type)]
  }

  private func count(_ start: Tensor, _ limit: Tensor, _ delta: Tensor) throws(GraphError) -> Int {
    let count: Double
    if let first = start.ints?.first, let last = limit.ints?.first, let step = delta.ints?.first {
      guard step != 0 else { throw GraphError(.badInput, "Range: delta is 0") }
      let (distance, overflow) = last.subtractingReportingOverflow(first)
      if distance == 0 { return 0 }
      if overflow {
        count = .infinity
      } else if (distance > 0) != (step > 0) {
        count = 0
      } else {
        // Both magnitudes are at most 2^63.
        count = Double((distance.magnitude + (step.magnitude - 1)) / step.magnitude)
      }
    } else {
      let step = delta.doubles[0]
      guard step != 0 else { throw GraphError(.badInput, "Range: delta is 0") }
      count = ((limit.doubles[0] - start.doubles[0]) / step).rounded(.up)
    }
    guard count <= Double(Shape.elementLimit) else {
      throw GraphError(.tooLarge, "Range: the output has more than \(Shape.elementLimit) elements, or is not a number")
    }
    return max(Int(saturating: count), 0)
  }
}
