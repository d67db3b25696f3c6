/// SplitMix64: the same numbers on every run. https://prng.di.unimi.it/splitmix64.c
public struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// 0 to `count` - 1; 0 if there are none.
  public mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }
}
