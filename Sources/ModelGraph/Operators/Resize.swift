import Text

/// Resize: a tensor with other extents, its elements interpolated. https://onnx.ai/onnx/operators/onnx__Resize.html,
/// opsets 10, 11, 13, 18 and 19.
///
/// Inputs: X, roi (float vector of starts and ends, optional; only for tf_crop_and_resize), scales (float vector,
/// optional), sizes (int64 vector, optional): one of the last two, constant. Output: Y. Each axis is resampled by
/// itself. Upsample, which opset 10 replaced, is read as a Resize with asymmetric coordinates.
///
/// Integers are rounded to the nearest, halves to even.
public struct Resize: OperatorDefinition {
  public static let name = "Resize"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let roi = OperatorInput(1, "roi", .setting, .optional)
    public static let scales = OperatorInput(2, "scales", .setting, .optional)
    public static let sizes = OperatorInput(3, "sizes", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.roi, Input.scales, Input.sizes]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public enum Mode: String, Sendable { case nearest, linear, cubic }

  /// How `sizes` keep the ratio of the extents.
  public enum AspectRatio: String, Sendable {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  public var mode: Mode
  public var sampling: ResizeSampling
  public var aspectRatio: AspectRatio
  /// The axes that roi, scales and sizes are about; nil: all.
  public var axes: [Int]?

  public init(
    mode: Mode = .nearest, _ sampling: ResizeSampling = ResizeSampling(), aspectRatio: AspectRatio = .stretch,
    axes: [Int]? = nil
  ) {
    self.mode = mode
    self.sampling = sampling
    self.aspectRatio = aspectRatio
    self.axes = axes
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    let name = try attributes.string("mode", default: Mode.nearest.rawValue)
    // Upsample's name of it in opset 1.
    guard let mode = Mode(rawValue: name == "bilinear" ? "linear" : name) else {
      throw attributes.bad("mode", "is '\(name)', must be nearest, linear or cubic")
    }
    self.mode = mode
    aspectRatio = .stretch
    if attributes.operatorName == Upsample.name || attributes.opset < 11 {
      sampling = ResizeSampling(coordinates: .asymmetric, rounding: .byDirection)
      if attributes.operatorName == Upsample.name, attributes.opset < 9 {
        var scales = try attributes.floats("scales", default: [])
        if attributes.opset < 7 {
          let height = try attributes.float("height_scale", default: 1)
          scales = [1, 1, height, try attributes.float("width_scale", default: 1)]
        }
        attributes.becomesInput(Input.scales, try Tensor([scales.count], scales))
      } else {
        attributes.lacksInput(Input.roi)
      }
      return
    }
    sampling = try ResizeSampling(attributes)
    guard mode != .nearest || !sampling.antialiases else {
      throw attributes.bad("antialias", "is set, which nearest neighbours cannot do")
    }
    guard attributes.opset >= 18 else { return }
    axes = try attributes.optionalInts("axes")
    let policy = try attributes.string("keep_aspect_ratio_policy", default: AspectRatio.stretch.rawValue)
    guard let aspectRatio = AspectRatio(rawValue: policy) else {
      throw attributes.bad("keep_aspect_ratio_policy", "is '\(policy)', must be stretch, not_larger or not_smaller")
    }
    self.aspectRatio = aspectRatio
  }

  public var attributes: [Attribute] {
    var list = [Attribute.string("mode", mode.rawValue)] + sampling.attributes
    if let axes { list.append(.ints("axes", axes)) }
    if aspectRatio != .stretch { list.append(.string("keep_aspect_ratio_policy", aspectRatio.rawValue)) }
    return list
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    return [Fact(x.type, Shape(try resampledAxes(inputs, of: x.shape).map { $0.output }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let axes = try resampledAxes(inputs.facts, of: x.shape)
    let shape = Shape(axes.map { $0.output })
    if shape.count == 0 { return [try Tensor(zeros: shape, type: x.type)] }
    if mode == .nearest {
      let strides = x.shape.strides
      let fill = try Tensor(scalar: sampling.extrapolation).converted(to: x.type)
      return [
        try x.picking(shape, fill: fill) { axis in
          (0..<shape[axis]).map { place in
            sampling.nearest(place, axes[axis]).map { $0 * strides[axis] } ?? Tensor.nowhere
          }
        }
      ]
    }
    var y = try x.converted(to: .float64)
    // Axes that shrink come first: nothing in between is larger than the input or the output.
    let order = Array(axes.indices).inOrder { axes[$0].growth < axes[$1].growth }
    for axis in order where !axes[axis].isUnchanged {
      y = try y.resampled(axis, axes[axis], sampling, isCubic: mode == .cubic)
    }
    if !x.type.isFloat { y = try y.mapped(real: { $0.rounded(.toNearestOrEven) }) }
    return [try y.converted(to: x.type)]
  }

  /// How each axis of X is resampled. The planner and the definition both use it. Throws E211 if that is not known
  /// before the model runs.
  public func resampledAxes(_ inputs: Inputs<Fact>, of x: Shape) throws(GraphError) -> [ResampledAxis] {
    let named = try axes.map { axes throws(GraphError) in try x.distinctAxes(axes, of: Self.name) }
    let axes = named ?? Array(x.extents.indices)
    var result = x.extents.map { ResampledAxis(unchanged: $0) }
    if sampling.coordinates == .cropAndResize {
      let roi = try inputs.optionalReals(Input.roi) ?? []
      guard roi.count == 2 * axes.count, roi.allSatisfy({ $0.isFinite }) else {
        throw .mismatch("Resize: roi has \(roi.count) numbers, \(axes.count) axes need \(2 * axes.count)")
      }
      for (place, axis) in axes.enumerated() {
        result[axis].roiStart = roi[place]
        result[axis].roiEnd = roi[place + axes.count]
      }
    }
    // Exporters leave an input out by an empty tensor too.
    let hasScales = inputs[Input.scales].map { $0.shape.count > 0 } ?? false
    let hasSizes = inputs[Input.sizes].map { $0.shape.count > 0 } ?? false
    guard hasScales != hasSizes || axes.isEmpty else {
      throw GraphError(.wrongArity, "Resize: one of the inputs 'scales' and 'sizes' must be given")
    }
    if hasScales {
      try scale(&result, axes, try inputs.optionalReals(Input.scales) ?? [])
    } else if hasSizes {
      try fit(&result, axes, try inputs.ints(Input.sizes))
    }
    if sampling.antialiases, mode != .nearest {
      // Otherwise a tiny scale could ask for a filter that is much longer than the axis.
      for axis in result where axis.output > 0 && axis.scale * Double(axis.input) < 0.25 {
        throw GraphError(
          .badInput, "Resize: scale \(NumberText.shortest(axis.scale)) is too small for an axis of \(axis.input)")
      }
    }
    return result
  }

  private func scale(_ result: inout [ResampledAxis], _ axes: [Int], _ scales: [Double]) throws(GraphError) {
    guard scales.count == axes.count, scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .mismatch("Resize: \(scales.count) scales for \(axes.count) axes; each must be above 0")
    }
    for (place, axis) in axes.enumerated() {
      let input = result[axis].input
      var width = Float(scales[place]) * Float(input)
      // In float32, as other engines: 10 · 0.7 is 7 there, and below 7 in float64.
      if sampling.coordinates == .cropAndResize { width *= Float(result[axis].roiEnd - result[axis].roiStart) }
      result[axis].output = max(Int(saturating: width.rounded(.down)), 0)
      result[axis].scale = scales[place]
      result[axis].width = scales[place] * Double(input)
      try check(result[axis])
    }
  }

  private func fit(_ result: inout [ResampledAxis], _ axes: [Int], _ sizes: [Int]) throws(GraphError) {
    guard sizes.count == axes.count, sizes.allSatisfy({ $0 >= 0 }) else {
      throw .mismatch("Resize: sizes \(Shape(sizes)) do not fit \(axes.count) axes")
    }
    let ratios = axes.indices.map { Double(sizes[$0]) / Double(max(result[axes[$0]].input, 1)) }
    let common: Double? =
      switch aspectRatio {
      case .stretch: nil
      case .notLarger: ratios.min()
      case .notSmaller: ratios.max()
      }
    for (place, axis) in axes.enumerated() {
      let input = Double(result[axis].input)
      result[axis].scale = common ?? ratios[place]
      result[axis].output = common.map { Int(saturating: ($0 * input + 0.5).rounded(.down)) } ?? sizes[place]
      result[axis].width = common.map { $0 * input } ?? Double(sizes[place])
      try check(result[axis])
    }
  }

  private func check(_ axis: ResampledAxis) throws(GraphError) {
    guard axis.output == 0 || axis.input > 0 else {
      throw .mismatch("Resize: an axis without elements cannot get \(axis.output)")
    }
  }
}

/// What Resize was called before opset 10. https://onnx.ai/onnx/operators/onnx__Upsample.html
public enum Upsample {
  public static let name = "Upsample"
}

extension Tensor {
  /// A float64 tensor with one axis resampled.
  fileprivate func resampled(
    _ axis: Int, _ plan: ResampledAxis, _ sampling: ResizeSampling, isCubic: Bool
  ) throws(GraphError) -> Tensor {
    var shape = shape
    shape[axis] = plan.output
    var result = try Tensor(zeros: shape, type: .float64)
    let (outer, inner) = (shape.extents[..<axis].reduce(1, *), shape.count(from: axis + 1))
    withElements(Double.self) { source in
      result.withMutableElements(Double.self) { target in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for place in 0..<plan.output {
          guard let taps = sampling.taps(place, plan, isCubic: isCubic) else {
            for row in 0..<outer {
              let to = target + (row * plan.output + place) * inner
              to.update(repeating: Double(sampling.extrapolation), count: inner)
            }
            continue
          }
          for row in 0..<outer {
            let from = source + row * plan.input * inner
            let to = target + (row * plan.output + place) * inner
            for tap in taps { addScaled(from + tap.index * inner, step: 1, by: tap.weight, to: to, count: inner) }
          }
        }
      }
    }
    return result
  }
}
