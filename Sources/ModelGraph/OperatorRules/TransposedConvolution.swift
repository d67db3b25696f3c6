/// A transposed convolution with every extent known: the gradient of a convolution with respect to its input.
public struct TransposedConvolution: Sendable, Equatable {
  public var batch: Int
  public var group: Int
  /// C / group: the number of input channels that an output channel reads.
  public var groupChannels: Int
  /// M / group.
  public var groupFilters: Int
  /// The convolution whose direction is reversed: its input is Y's plane, its output X's.
  public var plane: WindowPlane

  public var filters: Int { group * groupFilters }
  public var channels: Int { group * groupChannels }

  /// `[N, M, ((oD,) oH,) oW]`.
  public var outputShape: Shape {
    let spatial = [plane.depth.input, plane.height.input, plane.width.input]
    return Shape([batch, filters] + spatial.suffix(plane.spatialRank))
  }

  /// The definition: every element of X times every tap of the window, added where the tap falls. In double precision,
  /// rounded once.
  ///
  /// For each tap, a whole plane of X is multiplied by the weights of all channels, and the sum then scattered over Y.
  func evaluate(_ x: Tensor, _ w: Tensor, bias: Tensor?) throws(GraphError) -> Tensor {
    var y = try Tensor(zeros: outputShape, type: .float64)
    let (wide, weights, bias) = (
      try x.converted(to: .float64), try w.converted(to: .float64), try bias?.converted(to: .float64)
    )
    let (inputCount, outputCount, taps) = (plane.outputCount, plane.inputCount, plane.taps)
    var sums = try Tensor(zeros: [inputCount], type: .float64)
    let biases: [Double]? = bias?.array()
    wide.withElements(Double.self) { x in
      weights.withElements(Double.self) { w in
        y.withMutableElements(Double.self) { y in
          sums.withMutableElements(Double.self) { sums in
            guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress, let sum = sums.baseAddress else {
              return
            }
            for filter in 0..<batch * filters {
              let (sample, m) = (filter / filters, filter % filters)
              let target = y + filter * outputCount
              if let biases { target.update(repeating: biases[m], count: outputCount) }
              let firstChannel = m / groupFilters * groupChannels
              for tap in 0..<taps {
                sums.update(repeating: 0)
                for channel in firstChannel..<firstChannel + groupChannels {
                  addScaled(
                    x + (sample * channels + channel) * inputCount, step: 1,
                    by: w[(channel * groupFilters + m % groupFilters) * taps + tap], to: sum, count: inputCount)
                }
                plane.scatter(sum, tap: tap, to: target)
              }
            }
          }
        }
      }
    }
    return try y.converted(to: x.type)
  }
}

extension WindowPlane {
  /// Adds a number for each output position to the cell that the position's window has at `tap`, if the input has it.
  fileprivate func scatter(_ numbers: UnsafePointer<Double>, tap: Int, to cells: UnsafeMutablePointer<Double>) {
    let tapColumn = tap % width.kernel
    let (tapSlice, tapRow) = (tap / width.kernel / height.kernel, tap / width.kernel % height.kernel)
    let columns = width.outputs(reading: tapColumn)
    if columns.isEmpty { return }
    let firstColumn = width.start(columns.lowerBound) + tapColumn * width.dilation
    for slice in depth.outputs(reading: tapSlice) {
      let cellSlice = depth.start(slice) + tapSlice * depth.dilation
      for row in height.outputs(reading: tapRow) {
        let cellRow = cellSlice * height.input + height.start(row) + tapRow * height.dilation
        let target = cells + cellRow * width.input + firstColumn
        let source = numbers + (slice * height.output + row) * width.output + columns.lowerBound
        for index in 0..<columns.count { target[index &* width.stride] += source[index] }
      }
    }
  }
}
