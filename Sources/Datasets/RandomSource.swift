import Foundation

/// Seeded random numbers: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021),
/// its four words filled by splitmix64 from the seed. The same seed gives the same numbers on every machine.
///
/// All randomness in the lab (weights, splits, shuffling, augmentation, synthetic cells) comes from such a source, so
/// that a run can be repeated.
public struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)
  /// Box–Muller produces normals in pairs; this is the second one, if unused.
  private var spare: Float?

  public init(seed: UInt64) {
    var seed = seed
    state = (
      RandomSource.splitMix(&seed), RandomSource.splitMix(&seed), RandomSource.splitMix(&seed),
      RandomSource.splitMix(&seed)
    )
  }

  /// An independent source for one of many jobs (a picture, an epoch, a layer), whatever the order in which they run.
  public init(seed: UInt64, stream: UInt64) {
    var mixed = seed
    let first = RandomSource.splitMix(&mixed)
    var other = stream ^ 0xD1B5_4A32_D192_ED03
    self.init(seed: first ^ RandomSource.splitMix(&other))
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }

  /// Uniform in 0 ..< 1, in steps of 2^-53.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in `range`, excluding its upper bound (except for rounding).
  public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A factor between e^-bound and e^bound, uniform in its logarithm.
  mutating func factor(logarithmWithin bound: Double) -> Double {
    exp(uniform(-bound...bound))
  }

  /// Uniform in 0 ..< bound, without bias (Lemire's multiplication method). `bound` must be positive.
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0, "the bound must be at least 1")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// True with the given probability.
  public mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

  /// Mean 0, standard deviation 1 (Box–Muller).
  public mutating func normal() -> Float {
    if let value = spare {
      spare = nil
      return value
    }
    let pair = normalPair()
    spare = pair.1
    return pair.0
  }

  /// Fills `values` with normals of mean 0 and the given standard deviation; fast enough for millions.
  public mutating func fillNormal(_ values: UnsafeMutableBufferPointer<Float>, deviation: Float) {
    var index = 0
    while index + 1 < values.count {
      let pair = normalPair()
      values[index] = pair.0 * deviation
      values[index + 1] = pair.1 * deviation
      index += 2
    }
    if index < values.count { values[index] = normalPair().0 * deviation }
  }

  /// Fills `values` uniformly from -bound to bound.
  public mutating func fillUniform(_ values: UnsafeMutableBufferPointer<Float>, bound: Float) {
    for index in values.indices { values[index] = Float(2 * uniform() - 1) * bound }
  }

  /// Shuffles with Fisher–Yates: every order is equally likely.
  public mutating func shuffle<Element>(_ items: inout [Element]) {
    guard items.count > 1 else { return }
    for last in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(last, index(below: last + 1)) }
  }

  /// 0 ..< count in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }

  /// One draw of 64 bits gives both normals: 32 bits of radius in (0, 1], 32 bits of angle.
  @inline(__always)
  private mutating func normalPair() -> (Float, Float) {
    let bits = next()
    let radius = (-2 * log((Float(bits >> 32) + 1) * 0x1p-32)).squareRoot()
    let angle = Float(bits & 0xFFFF_FFFF) * (0x1p-31 * Float.pi)
    return (radius * cos(angle), radius * sin(angle))
  }

  private func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }

  private static func splitMix(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
