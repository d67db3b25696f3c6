import Kernels
import Testing

/// Resizing against sums written out, at sizes down to one pixel.
@Suite struct ResampleTests {
  @Test(arguments: instructionSets, [1, 2, 3, 11, 33, 64])
  func everyLevelIsThePlainSum(_ isa: kernels_level, _ rows: Int) throws {
    var noise = Noise(rows)
    for (width, outputs) in [(1, 1), (1, 7), (7, 1), (5, 5), (31, 64), (64, 31), (130, 13)] {
      let stride = noise.int(1...5)
      var first: [Int32] = []
      var count: [Int32] = []
      for _ in 0..<outputs {
        let taps = noise.int(1...min(stride, width))
        first.append(Int32(noise.int(0...(width - taps))))
        count.append(Int32(taps))
      }
      // Some sums leave 0 ... 255 on either side.
      let weights = (0..<outputs * stride).map { _ in Int32(noise.float() * 0x1p22 * 1.9 / Float(stride)) }
      let x = (0..<rows * width * 3).map { _ in noise.int(0...255) }
      try compare(isa, rows, width, first, count, weights, stride, x)
    }
  }

  private func compare(
    _ isa: kernels_level, _ rows: Int, _ width: Int, _ first: [Int32], _ count: [Int32], _ weights: [Int32],
    _ stride: Int, _ x: [Int]
  ) throws {
    let outputs = first.count
    func sum(_ output: Int, _ value: (Int) -> Int) -> Int {
      var sum: Int64 = 1 << 21
      for tap in 0..<Int(count[output]) {
        sum += Int64(value(Int(first[output]) + tap)) * Int64(weights[output * stride + tap])
      }
      return Int(max(0, min(255, sum >> 22)))
    }
    var across: [Int] = []
    for row in 0..<rows {
      for output in 0..<outputs {
        for channel in 0..<3 { across.append(sum(output) { x[(row * width + $0) * 3 + channel] }) }
      }
    }
    var down: [Int] = []
    for output in 0..<outputs {
      for place in 0..<rows * 3 { down.append(sum(output) { x[$0 * rows * 3 + place] }) }
    }
    let source = try GuardedBytes(x)
    let from = source.base.assumingMemoryBound(to: UInt8.self)
    for (expected, isAcross) in [(across, true), (down, false)] {
      let target = try GuardedBytes(count: expected.count)
      let to = target.base.assumingMemoryBound(to: UInt8.self)
      first.withUnsafeBufferPointer { first in
        count.withUnsafeBufferPointer { count in
          weights.withUnsafeBufferPointer { weights in
            var taps = resample_taps(
              outputs: outputs, stride: stride, first: first.baseAddress, count: count.baseAddress,
              weights: weights.baseAddress)
            if isAcross {
              u8_resample_across(isa, &taps, rows, width, from, to)
            } else {
              u8_resample_down(isa, &taps, rows * 3, from, to)
            }
          }
        }
      }
      #expect(
        target.values(signed: false) == expected,
        "\(isAcross ? "across" : "down"), \(rows) rows, \(width) to \(outputs)")
    }
  }
}
