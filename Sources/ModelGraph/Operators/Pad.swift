import Text

/// Pad: elements added (or, where a pad is negative, taken away) before and after each axis.
/// https://onnx.ai/onnx/operators/onnx__Pad.html, opsets 1 to 21.
///
/// Inputs: data, pads (int64 vector: all befores, then all afters), constant_value (scalar, optional: 0), axes (int64
/// vector, optional: all). Before opset 11 pads and the value were attributes.
public struct Pad: OperatorDefinition {
  public static let name = "Pad"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let pads = OperatorInput(1, "pads", .setting)
    public static let constantValue = OperatorInput(2, "constant_value", .setting, .optional)
    public static let axes = OperatorInput(3, "axes", .setting, .optional)
  }

  public static let inputs = [Input.data, Input.pads, Input.constantValue, Input.axes]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  /// What is added: a value; the data mirrored at its first and last element; the first and last element; the data
  /// repeated periodically.
  public enum Mode: Sendable { case constant, reflect, edge, wrap }

  public var mode: Mode

  public init(mode: Mode = .constant) { self.mode = mode }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    switch try attributes.string("mode", default: "constant") {
    case "constant": mode = .constant
    case "reflect": mode = .reflect
    case "edge": mode = .edge
    case "wrap" where attributes.opset >= 19: mode = .wrap
    case let other: throw attributes.bad("mode", "is '\(other)', which opset \(attributes.opset) does not have")
    }
    guard attributes.opset < 11 else { return }
    try attributes.moveInts(named: attributes.opset < 2 ? "paddings" : nil, to: Input.pads)
    if let value = try attributes.optionalFloat("value") {
      attributes.becomesInput(Input.constantValue, try Tensor(scalar: value))
    }
  }

  public var attributes: [Attribute] {
    switch mode {
    case .constant: []
    case .reflect: [.string("mode", "reflect")]
    case .edge: [.string("mode", "edge")]
    case .wrap: [.string("mode", "wrap")]
    }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    if let value = inputs[Input.constantValue] {
      try inputs.check(Input.constantValue, matchesOrWasAttribute: Input.data)
      guard value.shape.count == 1 else {
        throw .mismatch("Pad: constant_value must be one number, is \(value.shape)")
      }
    }
    return [Fact(data.type, padded(data.shape, try pads(inputs, of: data.shape)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let pads = try pads(inputs.facts, of: data.shape)
    let strides = data.shape.strides
    let fill = try inputs[Input.constantValue]?.converted(to: data.type)
    let padded = try data.picking(padded(data.shape, pads), fill: fill) { axis in
      sources(pads[axis], extent: data.shape[axis]).map { $0 == Tensor.nowhere ? $0 : $0 * strides[axis] }
    }
    return [padded]
  }

  typealias AxisPads = (before: Int, after: Int)

  private func padded(_ shape: Shape, _ pads: [AxisPads]) -> Shape {
    Shape(zip(shape.extents, pads).map { $0 + $1.before + $1.after })
  }

  /// The number of elements added before and after each axis of data.
  func pads(_ inputs: Inputs<Fact>, of shape: Shape) throws(GraphError) -> [AxisPads] {
    let pads = try inputs.ints(Input.pads)
    let named = try inputs.optionalInts(Input.axes)
    let axes =
      try named.map { axes throws(GraphError) in try shape.distinctAxes(axes, of: "Pad") }
      ?? Array(shape.extents.indices)
    guard pads.count == 2 * axes.count else {
      throw .mismatch("Pad: \(axes.count) axes want \(2 * axes.count) pads, there are \(pads.count)")
    }
    var result = [AxisPads](repeating: (0, 0), count: shape.rank)
    for (place, axis) in axes.enumerated() {
      let (before, after) = (pads[place], pads[place + axes.count])
      let kept = shape[axis] + min(before, 0) + min(after, 0)
      guard kept >= 0 else {
        throw .mismatch("Pad: pads \(before) and \(after) take more away than axis \(axis) of data \(shape) has")
      }
      guard mode == .constant || kept > 0 || (before <= 0 && after <= 0) else {
        throw .mismatch("Pad: axis \(axis) of data \(shape) has no elements to pad from")
      }
      result[axis] = (before, after)
    }
    return result
  }

  /// For each index of a padded axis, the index in data that it comes from. Negative pads are applied first.
  func sources(_ pads: AxisPads, extent: Int) -> [Int] {
    let first = max(-pads.before, 0)
    let kept = extent + min(pads.before, 0) + min(pads.after, 0)
    let leading = max(pads.before, 0)
    return (0..<leading + kept + max(pads.after, 0)).map { index in
      let place = index - leading
      if place >= 0, place < kept { return first + place }
      switch mode {
      case .constant: return Tensor.nowhere
      case .edge: return first + min(max(place, 0), kept - 1)
      case .wrap: return first + modulo(place, kept)
      case .reflect:
        let phase = modulo(place, max(2 * (kept - 1), 1))
        return first + min(phase, 2 * (kept - 1) - phase)
      }
    }
  }

  private func modulo(_ value: Int, _ period: Int) -> Int { (value % period + period) % period }
}
