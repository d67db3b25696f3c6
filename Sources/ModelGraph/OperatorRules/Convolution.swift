import Text

/// A convolution with every extent known: the common part of Conv, FusedConv, QLinearConv and ConvInteger.
public struct ConvolutionGeometry: Sendable, Equatable {
  public var batch: Int
  public var group: Int
  /// C / group: the number of input channels that an output channel reads.
  public var groupChannels: Int
  /// M / group.
  public var groupFilters: Int
  public var plane: WindowPlane

  /// - Parameters:
  ///   - x: `[N, C, ((D,) H,) W]`.
  ///   - w: `[M, C/group, ((kD,) kH,) kW]`.
  /// - Throws: E204, E205 or E206 where they do not fit.
  public init(_ window: Window, group: Int, x: Shape, w: Shape, of name: String) throws(GraphError) {
    guard group >= 1 else { throw GraphError(.badAttribute, "\(name): group is \(group), must be at least 1") }
    guard w.rank == x.rank, w.rank > 2 else {
      throw GraphError(.wrongRank, "\(name): X is \(x) and W is \(w); both must be [_, _, ((depth,) height,) width]")
    }
    guard x[1] == w[1] * group else {
      throw .mismatch("\(name): X has \(x[1]) channels, W wants \(w[1] * group) (group \(group))")
    }
    guard w[0] % group == 0 else {
      throw .mismatch("\(name): W has \(w[0]) filters, which \(group) groups do not divide")
    }
    let kernel = Array(w.extents[2...])
    guard window.kernel.isEmpty || window.kernel == kernel else {
      throw .mismatch("\(name): kernel_shape is \(Shape(window.kernel)), but W is \(w)")
    }
    guard !kernel.contains(0) else { throw .mismatch("\(name): W is \(w), an empty window") }
    batch = x[0]
    self.group = group
    groupChannels = w[1]
    groupFilters = w[0] / group
    plane = try window.plane(over: x, kernel: kernel, of: name)
  }

  public var filters: Int { group * groupFilters }
  public var channels: Int { group * groupChannels }
  /// `[N, M, ((oD,) oH,) oW]`.
  public var outputShape: Shape { plane.outputShape(batch: batch, channels: filters) }

  /// Throws E204 unless there is one bias for each filter.
  func check(bias: Shape, of name: String) throws(GraphError) {
    guard bias == [filters] else { throw .mismatch("\(name): B is \(bias), must be [\(filters)]") }
  }

  /// The definition: y[n, m] = bias[m] + Σ over channels and taps of w · x, in NCHW.
  ///
  /// All tensors have the same element type and the shapes of this geometry. Integers wrap around. The outer loops take
  /// one weight at a time, so that the innermost loop runs along rows of input and output and never reads padding.
  func convolve<Number: Arithmetic>(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, as: Number.Type
  ) throws(GraphError) -> Tensor {
    var y = try Tensor(zeros: outputShape, type: Number.elementType)
    let bias: [Number]? = bias?.array()
    let plane = plane.asOneRow ?? plane
    let (inputCount, outputCount, taps) = (plane.inputCount, plane.outputCount, plane.taps)
    x.withElements(Number.self) { x in
      w.withElements(Number.self) { w in
        y.withMutableElements(Number.self) { y in
          guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
          for filter in 0..<batch * filters {
            let (sample, m) = (filter / filters, filter % filters)
            let target = y + filter * outputCount
            if let bias { target.update(repeating: bias[m], count: outputCount) }
            let firstChannel = sample * channels + m / groupFilters * groupChannels
            for channel in 0..<groupChannels {
              let weights = w + (m * groupChannels + channel) * taps
              plane.sweep(weights, over: x + (firstChannel + channel) * inputCount, into: target)
            }
          }
        }
      }
    }
    return y
  }
}

extension WindowPlane {
  /// For a 1×1 window without stride or padding: the plane as one long row.
  fileprivate var asOneRow: WindowPlane? {
    guard depth.isPointwise, height.isPointwise, width.isPointwise else { return nil }
    var row = self
    (row.depth, row.height) = (.single, .single)
    row.width.widen(to: inputCount)
    return row
  }

  /// target += weights ∗ source for one channel; `weights` holds one number per tap, row by row.
  @inline(__always)
  fileprivate func sweep<Number: Arithmetic>(
    _ weights: UnsafePointer<Number>, over source: UnsafePointer<Number>, into target: UnsafeMutablePointer<Number>
  ) {
    for tap in 0..<taps {
      let tapColumn = tap % width.kernel
      let (tapSlice, tapRow) = (tap / width.kernel / height.kernel, tap / width.kernel % height.kernel)
      let columns = width.outputs(reading: tapColumn)
      if columns.isEmpty { continue }
      let firstColumn = width.start(columns.lowerBound) + tapColumn * width.dilation
      for slice in depth.outputs(reading: tapSlice) {
        let inputSlice = depth.start(slice) + tapSlice * depth.dilation
        for row in height.outputs(reading: tapRow) {
          let inputRow = inputSlice * height.input + height.start(row) + tapRow * height.dilation
          addScaled(
            source + inputRow * width.input + firstColumn, step: width.stride, by: weights[tap],
            to: target + (slice * height.output + row) * width.output + columns.lowerBound, count: columns.count)
        }
      }
    }
  }
}

/// target[i] += factor · source[i · step].
@inline(__always)
func addScaled<Number: Arithmetic>(
  _ source: UnsafePointer<Number>, step: Int, by factor: Number, to target: UnsafeMutablePointer<Number>, count: Int
) {
  if step == 1 {
    for index in 0..<count { target[index] = target[index].plus(source[index].times(factor)) }
  } else {
    for index in 0..<count { target[index] = target[index].plus(source[index &* step].times(factor)) }
  }
}
