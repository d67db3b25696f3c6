import Text

/// Clip: y = min(max(x, low), high). https://onnx.ai/onnx/operators/onnx__Clip.html, opsets 1 (bounds are attributes),
/// 11 (inputs), 12 (integers too) and 13.
///
/// Inputs: input, min and max (optional scalars of the same type). Output: output, of the input's shape. A NaN stays
/// one.
public struct Clip: OperatorDefinition {
  public static let name = "Clip"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
    public static let min = OperatorInput(1, "min", .setting, .optional)
    public static let max = OperatorInput(2, "max", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.min, Input.max]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    guard attributes.opset < 11 else { return }
    if let low = try attributes.optionalFloat("min") { attributes.becomesInput(Input.min, try Tensor(scalar: low)) }
    if let high = try attributes.optionalFloat("max") { attributes.becomesInput(Input.max, try Tensor(scalar: high)) }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.numbers)
    for input in [Input.min, Input.max] {
      guard let bound = inputs[input] else { continue }
      try inputs.check(input, matchesOrWasAttribute: Input.x, "the input")
      guard bound.shape.count == 1 else { throw .mismatch("Clip: \(input.name) is \(bound.shape), must be one number") }
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let (min, max) = (inputs[Input.min], inputs[Input.max])
    let y: Tensor
    switch x.type.lane {
    case .real:
      let bounds = Self.bounds(
        min: try min?.converted(to: .float64), max: try max?.converted(to: .float64), as: Double.self,
        least: -x.type.largestFinite, largest: x.type.largestFinite)
      y = try x.mapped(real: { $0.clipped(bounds.low, bounds.high) })
    case .signed:
      let bounds = Self.bounds(
        min: try min?.converted(to: .int64), max: try max?.converted(to: .int64), as: Int64.self,
        least: .min, largest: .max)
      y = try x.mapped(real: { $0 }, signed: { $0.clipped(bounds.low, bounds.high) }, unsigned: { $0 })
    case .unsigned:
      let bounds = Self.bounds(
        min: try min?.converted(to: .uint64), max: try max?.converted(to: .uint64), as: UInt64.self,
        least: .min, largest: .max)
      y = try x.mapped(real: { $0 }, signed: { $0 }, unsigned: { $0.clipped(bounds.low, bounds.high) })
    }
    return [y]
  }

  /// The bounds of a Clip over floats of one type, for everything that runs one.
  ///
  /// ONNX: a bound that is left out is the lowest or highest finite value of the type, so that an infinity is cut to
  /// it. As in onnxruntime, a bound that is NaN bounds nothing.
  ///
  /// - Parameters:
  ///   - min, max: one `Number`, or nil where the node leaves it out.
  public static func bounds<Number: Real>(
    min: Tensor?, max: Tensor?, as _: Number.Type
  ) -> (low: Number, high: Number) {
    bounds(min: min, max: max, as: Number.self, least: .lowestFinite, largest: .highestFinite)
  }

  /// - Parameters:
  ///   - least, largest: the lowest and the highest finite value of x's type, which may be narrower than `Number`.
  private static func bounds<Number: Arithmetic>(
    min: Tensor?, max: Tensor?, as _: Number.Type, least: Number, largest: Number
  ) -> (low: Number, high: Number) {
    let low = min?.array(of: Number.self).first ?? least
    let high = max?.array(of: Number.self).first ?? largest
    return (low == low ? low : .lowest, high == high ? high : .highest)
  }
}

extension Graph.Node {
  /// The bounds of a Clip over float32. nil where a bound is not known before the model runs, or is not one float32.
  ///
  /// - Parameter constant: the value of an input, where it is known.
  public func clipBounds(_ constant: (Graph.ValueID) -> Tensor?) -> (low: Float, high: Float)? {
    var known: [Tensor?] = []
    for input in [Clip.Input.min, Clip.Input.max] {
      guard let id = self[input] else {
        known.append(nil)
        continue
      }
      guard let bound = constant(id), bound.type == .float32, bound.count == 1 else { return nil }
      known.append(bound)
    }
    return Clip.bounds(min: known[0], max: known[1], as: Float.self)
  }
}
