/// Slice: every step-th index from start to end along some axes. https://onnx.ai/onnx/operators/onnx__Slice.html,
/// opsets 1 to 13.
///
/// Inputs: data, starts, ends, axes (optional: the first ones), steps (optional: 1): int32 or int64 vectors of one length.
/// Negative starts and ends count from the back, and both are clamped. Before opset 10 all were attributes, steps 1.
public struct Slice: OperatorDefinition {
  public static let name = "Slice"
  public static let inputs = 3...5

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    guard attributes.opset < 10 else { return }
    for (index, name) in ["starts", "ends", "axes"].enumerated() {
      try attributes.moveInts(name, toInput: index + 1)
    }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(0, "data")
    return [Fact(data.type, Shape(try ranges(inputs, of: data.shape).map { $0.count }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(0, "data")
    let ranges = try ranges(inputs.facts, of: data.shape)
    let strides = data.shape.strides
    let sliced = try data.picking(Shape(ranges.map { $0.count })) { axis in
      (0..<ranges[axis].count).map { (ranges[axis].start + $0 * ranges[axis].step) * strides[axis] }
    }
    return [sliced]
  }

  private typealias AxisRange = (start: Int, step: Int, count: Int)

  /// What is kept of each axis of data.
  private func ranges(_ inputs: Inputs<Fact>, of shape: Shape) throws(GraphError) -> [AxisRange] {
    let starts = try inputs.ints(1, "starts")
    let ends = try inputs.ints(2, "ends")
    let axes = try shape.distinctAxes(try inputs.optionalInts(3, "axes") ?? Array(starts.indices), of: "Slice")
    let steps = try inputs.optionalInts(4, "steps") ?? [Int](repeating: 1, count: starts.count)
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
