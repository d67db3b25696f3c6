import Kernels
import TestSupport
import Testing
import TrainingKernels

/// Maxima over windows and planes with NaN, infinities, equal elements and windows of padding only: every instruction set
/// gives the portable kernels' bits.
@Suite struct MaximumTests {
  private static var portable: train_kernels { train_table_for(KERNELS_PORTABLE).f32 }

  private static func values(_ count: Int) -> [Float] {
    var noise = Noise(count)
    return (0..<count).map { _ in
      switch noise.int(0...9) {
      case 0: .nan
      case 1: -.infinity
      case 2: .infinity
      // Few different numbers, so that many are equal; 0 of both signs.
      default: Float(noise.int(-2...2)) * (noise.int(0...1) == 0 ? 1 : -1)
      }
    }
  }

  @Test(arguments: trainingLevels, [1, 3, 5, 16, 17, 64, 127]) func windows(_ level: TrainingLevel, _ channels: Int)
    throws
  {
    var pool = train_pool(
      images: 2, channels: Int32(channels), in_height: 5, in_width: 4, out_height: 6, out_width: 5, kernel_height: 2,
      kernel_width: 3, stride_height: 2, stride_width: 1, dilation_height: 1, dilation_width: 2, pad_top: 3, pad_left: 2
    )
    let x = try GuardedFloats(Self.values(2 * 5 * 4 * channels))
    let count = 2 * 6 * 5 * channels
    var found: [([UInt32], [UInt16])] = []
    for (kernels, threads) in [(Self.portable, 1), (level.kernels, 1), (level.kernels, 5)] {
      let (y, chosen) = (
        try GuardedFloats([Float](repeating: 7, count: count)), try Guarded([UInt16](repeating: 7, count: count))
      )
      onThreads(threads) { kernels.max_pool(&pool, x.base, y.base, chosen.base, $0, $1) }
      found.append((y.array.map { $0.bitPattern }, chosen.array))
    }
    #expect(found[0] == found[1] && found[0] == found[2])
    // The first row of windows is padding only.
    #expect(found[0].0[0] == (-Float.infinity).bitPattern && found[0].1[0] == UInt16.max)
    #expect(found[0].0.contains { Float(bitPattern: $0).isNaN })
  }

  @Test(arguments: trainingLevels, [1, 3, 5, 16, 17, 64, 127]) func planes(_ level: TrainingLevel, _ channels: Int)
    throws
  {
    let x = try GuardedFloats(Self.values(3 * 7 * channels))
    var found: [([UInt32], [Int32])] = []
    for (kernels, threads) in [(Self.portable, 1), (level.kernels, 1), (level.kernels, 2)] {
      let (y, chosen) = (
        try GuardedFloats([Float](repeating: 7, count: 3 * channels)),
        try Guarded([Int32](repeating: -1, count: 3 * channels))
      )
      onThreads(threads) { kernels.maximum(x.base, y.base, chosen.base, 3, 7, Int32(channels), $0, $1) }
      found.append((y.array.map { $0.bitPattern }, chosen.array))
    }
    #expect(found[0] == found[1] && found[0] == found[2])
  }
}
