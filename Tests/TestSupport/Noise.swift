import ModelGraph

/// Pseudo-random numbers, the same for the same seed.
public struct Noise {
  private var state: UInt64

  public init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  private mutating func bits() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state
  }

  public mutating func int(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(bits() >> 33) % range.count }

  public mutating func chance(_ oneIn: Int) -> Bool { int(1...oneIn) == 1 }

  /// Uniform in -1 ..< 1, and no two alike.
  public mutating func double() -> Double { Double(bits() >> 11) * 0x1p-52 - 1 }

  /// Uniform in -1 ..< 1.
  public mutating func float() -> Float { Float(bits() >> 40) * 0x1p-23 - 1 }

  public mutating func floats(_ count: Int, scale: Float = 1) -> [Float] { (0..<count).map { _ in float() * scale } }

  public mutating func tensor(_ shape: Shape, scale: Float = 1, offset: Float = 0) throws -> Tensor {
    try Tensor(shape, floats(shape.count, scale: scale).map { $0 + offset })
  }
}

extension Tensor {
  /// Pseudo-random numbers within ±1.
  public static func noise(_ shape: Shape, seed: UInt64, type: ElementType = .float32) throws -> Tensor {
    var noise = Noise(Int(seed))
    let numbers = (0..<shape.count).map { _ in noise.double() }
    return type == .float64 ? try Tensor(shape, numbers) : try Tensor(shape, numbers.map { Float($0) })
  }
}
