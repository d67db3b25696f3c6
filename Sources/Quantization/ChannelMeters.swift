import ModelGraph

/// The mean of each channel of `[N, C, …]`.
struct ChannelMeans {
  private var sums: [Double] = []
  private var count = 0

  mutating func add(_ tensor: Tensor, _ batch: CalibrationBatch) {
    if sums.isEmpty { sums = [Double](repeating: 0, count: tensor.shape[1]) }
    tensor.forEachChannel(batch) { channel, elements in
      var sum = 0.0
      for value in elements { sum += Double(value) }
      sums[channel] += sum
      if channel == 0 { count += elements.count }
    }
  }

  var means: [Double] { sums.map { $0 / Double(max(1, count)) } }
}

/// The largest absolute value of each channel of `[N, C, …]`.
struct ChannelMaxima {
  private(set) var largest: [Float] = []

  mutating func add(_ tensor: Tensor, _ batch: CalibrationBatch) {
    if largest.isEmpty { largest = [Float](repeating: 0, count: tensor.shape[1]) }
    tensor.forEachChannel(batch) { channel, elements in
      var most = largest[channel]
      for value in elements { most = max(most, abs(value)) }
      largest[channel] = most
    }
  }
}

extension Tensor {
  /// Calls `body` with the elements of each channel of `[N, C, …]`, one outermost slice after another.
  fileprivate func forEachChannel(
    _ batch: CalibrationBatch, _ body: (_ channel: Int, UnsafeBufferPointer<Float>) -> Void
  ) {
    let channels = shape[1]
    let area = count / max(1, shape[0] * channels)
    withPictures(of: batch) { elements in
      for index in 0..<(area == 0 ? 0 : elements.count / area) {
        body(
          index % channels,
          UnsafeBufferPointer(rebasing: elements[(index * area)..<((index + 1) * area)]))
      }
    }
  }
}
