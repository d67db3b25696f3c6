import ModelGraph

/// Weights as int8 from −127 to 127, with one scale per output channel (the outermost axis).
struct QuantizedWeight: Sendable {
  let integers: Tensor
  let scales: [Float]
  /// Signal-to-noise ratio, with rounding and clipping as noise.
  let decibels: Double

  /// - Parameters:
  ///   - biasUnit: the scale of the product's input. The bias must fit into int32 in units of this times the weights'
  ///     scale.
  init(_ weight: Tensor, scales wished: [Float], bias: [Float], biasUnit: Float) throws {
    var scales = wished
    for channel in scales.indices {
      scales[channel] = max(scales[channel], abs(bias[channel]) / (biasUnit * Float(1 << 28)))
      // All weights and the bias are zero: any scale works.
      if !(scales[channel] > Float.leastNormalMagnitude) { scales[channel] = 1 }
    }
    var meter = NoiseMeter()
    var integers = try Tensor(zeros: weight.shape, type: .int8)
    let step = weight.count / max(1, scales.count)
    weight.withElements(Float.self) { real in
      integers.withMutableElements(Int8.self) { target in
        for channel in scales.indices {
          let scale = scales[channel]
          for index in (channel * step)..<((channel + 1) * step) {
            let rounded = max(-127, min(127, (real[index] / scale).rounded(.toNearestOrEven)))
            target[index] = Int8(saturating: rounded)
            meter.add(real[index], rounded * scale)
          }
        }
      }
    }
    self.integers = integers
    self.scales = scales
    decibels = meter.decibels
  }

  /// The dequantised weights.
  func real() throws -> Tensor {
    var result = try Tensor(zeros: integers.shape)
    let step = integers.count / max(1, scales.count)
    integers.withElements(Int8.self) { source in
      result.withMutableElements(Float.self) { target in
        for index in source.indices { target[index] = Float(source[index]) * scales[index / step] }
      }
    }
    return result
  }

  /// The scale of each channel: the one that maps its largest weight to 127, or with `clips` the one with the least
  /// squared error, which may clip the largest weights.
  static func scales(_ weight: Tensor, clips: Bool) -> [Float] {
    let channels = weight.shape[0]
    let step = weight.count / max(1, channels)
    return weight.withElements(Float.self) { real in
      (0..<channels).map { channel in
        let row = UnsafeBufferPointer(rebasing: real[(channel * step)..<((channel + 1) * step)])
        let largest = row.reduce(Float(0)) { max($0, abs($1)) }
        let widest = largest / 127
        guard clips, widest > Float.leastNormalMagnitude else { return widest }
        var (best, least) = (widest, Float.infinity)
        for percent in stride(from: 100, through: 60, by: -4) {
          let scale = widest * Float(percent) / 100
          let inverse = 1 / scale
          var error: Float = 0
          for value in row {
            let rounded = max(-127, min(127, (value * inverse).rounded(.toNearestOrEven)))
            let difference = value - rounded * scale
            error += difference * difference
          }
          if error < least { (best, least) = (scale, error) }
        }
        return best
      }
    }
  }
}
