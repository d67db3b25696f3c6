import Text

/// ConvTranspose: transposed convolution over one to three spatial axes.
/// https://onnx.ai/onnx/operators/onnx__ConvTranspose.html, opsets 1, 11 and 22.
///
/// Inputs: X `[N, C, ((D,) H,) W]`, W `[C, M/group, ((kD,) kH,) kW]`, B `[M]` (optional). Output: Y `[N, M, ((oD,) oH,)
/// oW]`, along each axis stride · (input − 1) + output_padding + dilation · (kernel − 1) + 1 long, less the padding.
/// With `output_shape` or SAME (stride · input) the padding follows from the wanted extent; where that is larger than
/// all that is computed, the cells at the end hold the bias alone. Products are summed in double precision.
public struct ConvTranspose: OperatorDefinition {
  public static let name = "ConvTranspose"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let w = OperatorInput(1, "W", .weight)
    public static let b = OperatorInput(2, "B", .weight, .optional)
  }

  public static let inputs = [Input.x, Input.w, Input.b]
  public static let multiplyAdds = MultiplyAdds.transposedConvolution(weight: Input.w)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var window: Window
  public var group: Int
  /// Cells added at the end of each spatial axis; none: 0.
  public var outputPadding: [Int]
  /// The wanted extents of the spatial axes; none: they follow from the padding.
  public var outputShape: [Int]

  public init(_ window: Window = Window(), group: Int = 1, outputPadding: [Int] = [], outputShape: [Int] = []) {
    self.window = window
    self.group = group
    self.outputPadding = outputPadding
    self.outputShape = outputShape
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes)
    group = try attributes.count("group", default: 1)
    outputPadding = try attributes.ints("output_padding", default: [])
    outputShape = try attributes.ints("output_shape", default: [])
    if outputPadding.contains(where: { $0 < 0 }) { throw attributes.bad("output_padding", "must not be negative") }
    if outputShape.contains(where: { $0 < 0 }) { throw attributes.bad("output_shape", "must not be negative") }
    // Before opset 11 the page had an odd padding cell of output_shape on the other side.
    if attributes.opset < 11, !outputShape.isEmpty {
      window.autoPad = window.autoPad == .sameUpper ? .sameLower : .sameUpper
    }
  }

  public var attributes: [Attribute] {
    window.attributes + (group == 1 ? [] : [.int("group", group)])
      + (outputPadding.isEmpty ? [] : [.ints("output_padding", outputPadding)])
      + (outputShape.isEmpty ? [] : [.ints("output_shape", outputShape)])
  }

  public func geometry(x: Shape, w: Shape) throws(GraphError) -> TransposedConvolution {
    let rank = x.rank - 2
    guard (1...3).contains(rank), w.rank == x.rank else {
      throw GraphError(
        .wrongRank, "ConvTranspose: X is \(x) and W is \(w); both must be [_, _, ((depth,) height,) width]")
    }
    guard w[0] == x[1] else { throw .mismatch("ConvTranspose: X has \(x[1]) channels, W is for \(w[0])") }
    guard x[1] % group == 0 else {
      throw .mismatch("ConvTranspose: X has \(x[1]) channels, which \(group) groups do not divide")
    }
    let kernel = Array(w.extents[2...])
    guard window.kernel.isEmpty || window.kernel == kernel else {
      throw .mismatch("ConvTranspose: kernel_shape is \(Shape(window.kernel)), but W is \(w)")
    }
    guard !kernel.contains(0) else { throw .mismatch("ConvTranspose: W is \(w), an empty window") }
    try window.check(window.strides, "strides", rank, Self.name)
    try window.check(window.dilations, "dilations", rank, Self.name)
    try window.check(window.pads, "pads", 2 * rank, Self.name)
    try window.check(outputPadding, "output_padding", rank, Self.name)
    // Some exporters list batch and channels too.
    let wanted = outputShape.count == rank + 2 ? Array(outputShape.dropFirst(2)) : outputShape
    try window.check(wanted, "output_shape", rank, Self.name)
    var axes: [WindowAxis] = []
    for axis in 0..<rank {
      axes.append(try self.axis(axis, of: rank, x[axis + 2], kernel[axis], wanted: wanted.isEmpty ? nil : wanted[axis]))
    }
    return TransposedConvolution(
      batch: x[0], group: group, groupChannels: w[0] / group, groupFilters: w[1], plane: WindowPlane(axes))
  }

  private func axis(
    _ axis: Int, of rank: Int, _ extent: Int, _ kernel: Int, wanted: Int?
  ) throws(GraphError) -> WindowAxis {
    let stride = window.strides.isEmpty ? 1 : window.strides[axis]
    let dilation = window.dilations.isEmpty ? 1 : window.dilations[axis]
    var (padBefore, padAfter) = (0, 0)
    let full =
      extent == 0
      ? 0 : stride * (extent - 1) + dilation * (kernel - 1) + 1 + (outputPadding.isEmpty ? 0 : outputPadding[axis])
    let isSame = window.autoPad == .sameUpper || window.autoPad == .sameLower
    let output: Int
    if let exact = wanted ?? (isSame ? stride * extent : nil) {
      output = exact
      let total = max(0, full - output)
      padBefore = window.autoPad == .sameUpper ? total / 2 : total - total / 2
      padAfter = total - padBefore
    } else {
      if window.autoPad == .notSet, !window.pads.isEmpty {
        (padBefore, padAfter) = (window.pads[axis], window.pads[axis + rank])
      }
      output = full - padBefore - padAfter
      guard output >= 0 else {
        throw .mismatch("ConvTranspose: padding \(padBefore) + \(padAfter) is more than the \(full) cells of an axis")
      }
    }
    return WindowAxis(
      transposing: extent, into: output, kernel: kernel, stride: stride, dilation: dilation, padBefore: padBefore,
      padAfter: padAfter)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.w, matches: Input.x)
    let geometry = try geometry(x: x.shape, w: w.shape)
    try inputs.check(Input.b, matches: Input.x)
    try inputs.check(Input.b, isShaped: [geometry.filters])
    return [Fact(x.type, geometry.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    return [try geometry(x: x.shape, w: w.shape).evaluate(x, w, bias: inputs[Input.b])]
  }
}
