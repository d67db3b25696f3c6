import Text

/// Slice: every step-th index from start to end along some axes. https://onnx.ai/onnx/operators/onnx__Slice.html,
/// opsets 1 to 13.
///
/// Inputs: data, starts, ends, axes (optional: the first ones), steps (optional: 1): int32 or int64 vectors of one
/// length. Negative starts and ends count from the back, and both are clamped. Before opset 10 all were attributes,
/// steps 1.
public struct Slice: OperatorDefinition {
  public static let name = "Slice"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let starts = OperatorInput(1, "starts", .setting)
    public static let ends = OperatorInput(2, "ends", .setting)
    public static let axes = OperatorInput(3, "axes", .setting, .optional)
    public static let steps = OperatorInput(4, "steps", .setting, .optional)
  }

  public static let inputs = [Input.data, Input.starts, Input.ends, Input.axes, Input.steps]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    guard attributes.opset < 10 else { return }
    for input in [Input.starts, Input.ends, Input.axes] { try attributes.moveInts(to: input) }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, Shape(try ranges(inputs, of: data.shape).map { $0.count }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let ranges = try ranges(inputs.facts, of: data.shape)
    let strides = data.shape.strides
    let sliced = try data.picking(Shape(ranges.map { $0.count })) { axis in
      (0..<ranges[axis].count).map { (ranges[axis].start + $0 * ranges[axis].step) * strides[axis] }
    }
    return [sliced]
  }

  typealias AxisRange = (start: Int, step: Int, count: Int)

  /// What is kept of each axis of data.
  func ranges(_ inputs: Inputs<Fact>, of shape: Shape) throws(GraphError) -> [AxisRange] {
    let starts = try inputs.ints(Input.starts)
    let ends = try inputs.ints(Input.ends)
    let axes = try shape.distinctAxes(try inputs.optionalInts(Input.axes) ?? Array(starts.indices), of: "Slice")
    let steps = try inputs.optionalInts(Input.steps) ?? [Int](repeating: 1, count: starts.count)
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw .mismatch(
        "Slice: \(starts.count) starts, \(ends.count) ends, \(axes.count) axes and \(steps.count) steps do not match")
    }
    var ranges: [AxisRange] = shape.extents.map { (start: 0, step: 1, count: $0) }
    for (place, axis) in axes.enumerated() {
      let (extent, step) = (shape[axis], steps[place])
      guard step != 0 else { throw GraphError(.badAttribute, "Slice: the step of axis \(axis) is 0") }
      let last = step > 0 ? extent : extent - 1
      let start = min(max(starts[place] < 0 ? starts[place] + extent : starts[place], 0), last)
      let end = min(max(ends[place] < 0 ? ends[place] + extent : ends[place], last - extent), last)
      // How many steps from start stay before end.
      let count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step
      ranges[axis] = (start, step, max(count, 0))
    }
    return ranges
  }
}
