import Text

/// DeformConv: a convolution whose taps are moved by given offsets, and weighted by a mask.
/// https://onnx.ai/onnx/operators/onnx__DeformConv.html, opsets 19 and 22.
///
/// Inputs: X `[N, C, H, W]`, W `[M, C/group, kH, kW]`, offset `[N, offset_group · kH · kW · 2, oH, oW]` (down, then to
/// the right), B `[M]` (optional), mask `[N, offset_group · kH · kW, oH, oW]` (optional). Output: Y `[N, M, oH, oW]`. A
/// tap between pixels takes their bilinear mean; beyond X there are zeros. Only two spatial axes are supported.
/// Products are summed in double precision.
public struct DeformConv: OperatorDefinition {
  public static let name = "DeformConv"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let w = OperatorInput(1, "W", .weight)
    public static let offset = OperatorInput(2, "offset", .activation)
    public static let b = OperatorInput(3, "B", .weight, .optional)
    public static let mask = OperatorInput(4, "mask", .activation, .optional)
  }

  public static let inputs = [Input.x, Input.w, Input.offset, Input.b, Input.mask]
  public static let multiplyAdds = MultiplyAdds.convolution(weight: Input.w)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var window: Window
  public var group: Int
  /// Into how many groups the channels of X are divided that share their offsets.
  public var offsetGroup: Int

  public init(_ window: Window = Window(), group: Int = 1, offsetGroup: Int = 1) {
    self.window = window
    self.group = group
    self.offsetGroup = offsetGroup
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes, hasAutoPad: false)
    group = try attributes.count("group", default: 1)
    offsetGroup = try attributes.count("offset_group", default: 1)
  }

  public var attributes: [Attribute] {
    window.attributes + (group == 1 ? [] : [.int("group", group)])
      + (offsetGroup == 1 ? [] : [.int("offset_group", offsetGroup)])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    _ = try inputs.required(Input.offset)
    try inputs.check(Input.x, is: ElementType.floats)
    for input in Self.inputs.dropFirst() { try inputs.check(input, matches: Input.x) }
    guard x.shape.rank == 4 else { throw .wrongRank("DeformConv: X", expected: 4, found: x.shape.rank) }
    let geometry = try geometry(x.shape, w.shape)
    guard x.shape[1] % offsetGroup == 0, x.shape[1] >= offsetGroup else {
      throw .mismatch("DeformConv: X has \(x.shape[1]) channels, which \(offsetGroup) offset groups do not divide")
    }
    let taps = offsetGroup * geometry.plane.taps
    let (height, width) = (geometry.plane.height.output, geometry.plane.width.output)
    try inputs.check(Input.offset, isShaped: [x.shape[0], 2 * taps, height, width])
    try inputs.check(Input.mask, isShaped: [x.shape[0], taps, height, width])
    try inputs.check(Input.b, isShaped: [geometry.filters])
    return [Fact(x.type, geometry.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    let geometry = try geometry(x.shape, w.shape)
    let plane = geometry.plane
    let (taps, positions) = (plane.taps, plane.outputCount)
    let offsets = try inputs.required(Input.offset).converted(to: .float64)
    let mask = try inputs[Input.mask]?.converted(to: .float64)
    // The pixels below all taps of one channel, as a matrix [taps, positions], are multiplied by the weights of a
    // filter.
    var columns = try Tensor(zeros: [geometry.channels, taps, positions], type: .float64)
    let (wide, weights) = (try x.converted(to: .float64), try w.converted(to: .float64))
    var y = try Tensor(zeros: geometry.outputShape, type: .float64)
    let biases: [Double]? = try inputs[Input.b]?.converted(to: .float64).array()
    for sample in 0..<geometry.batch {
      columns.withMutableElements(Double.self) { columns in
        wide.withElements(Double.self) { x in
          for index in columns.indices {
            let (place, position) = (index / positions, index % positions)
            let (channel, tap) = (place / taps, place % taps)
            let first = (sample * offsetGroup + channel / (geometry.channels / offsetGroup)) * taps + tap
            func offset(_ direction: Int) -> Double {
              offsets.withElements(Double.self) { $0[(2 * first + direction) * positions + position] }
            }
            let (row, column) = (position / plane.width.output, position % plane.width.output)
            let down = plane.height.start(row) + tap / plane.width.kernel * plane.height.dilation
            let right = plane.width.start(column) + tap % plane.width.kernel * plane.width.dilation
            let pixels = UnsafeBufferPointer(
              rebasing: x[(sample * geometry.channels + channel) * plane.inputCount..<x.count])
            let value = plane.pixel(Double(down) + offset(0), Double(right) + offset(1), of: pixels)
            columns[index] = value * (mask?.withElements(Double.self) { $0[first * positions + position] } ?? 1)
          }
        }
      }
      columns.withElements(Double.self) { columns in
        weights.withElements(Double.self) { w in
          y.withMutableElements(Double.self) { y in
            guard let columns = columns.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
            for filter in 0..<geometry.filters {
              let target = y + (sample * geometry.filters + filter) * positions
              if let biases { target.update(repeating: biases[filter], count: positions) }
              let depth = geometry.groupChannels * taps
              addProduct(
                w + filter * depth, (depth, 1),
                columns + filter / geometry.groupFilters * depth * positions, (positions, 1), to: target, rows: 1,
                depth: depth, columns: positions)
            }
          }
        }
      }
    }
    return [try y.converted(to: x.type)]
  }

  private func geometry(_ x: Shape, _ w: Shape) throws(GraphError) -> ConvolutionGeometry {
    try ConvolutionGeometry(window, group: group, x: x, w: w, of: Self.name)
  }
}

extension WindowPlane {
  /// The bilinear mean of the four pixels around a place, of which those beyond the input are 0.
  fileprivate func pixel(_ y: Double, _ x: Double, of pixels: UnsafeBufferPointer<Double>) -> Double {
    // NaN and infinite places are beyond it, too.
    guard y > -1, y < Double(height.input), x > -1, x < Double(width.input) else { return 0 }
    let (top, left) = (Int(y.rounded(.down)), Int(x.rounded(.down)))
    var sum = 0.0
    for (row, rowShare) in [(top, Double(top + 1) - y), (top + 1, y - Double(top))] where 0..<height.input ~= row {
      for (column, share) in [(left, Double(left + 1) - x), (left + 1, x - Double(left))]
      where 0..<width.input ~= column {
        sum += rowShare * share * pixels[row * width.input + column]
      }
    }
    return sum
  }
}
