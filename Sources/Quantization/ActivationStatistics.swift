import ModelGraph

/// How a value's elements are distributed over the calibration pictures: first its range, then how often each part of the
/// range occurs.
public struct ActivationStatistics: Sendable {
  public static let binCount = 2048

  /// The least and greatest, widened to hold 0.
  public private(set) var low: Float = 0
  public private(set) var high: Float = 0
  /// Elements in each of ``binCount`` equal parts of `low`…`high`, exact zeros left out: every grid holds 0.
  public private(set) var bins = [Int](repeating: 0, count: binCount)
  public private(set) var zeros = 0
  /// False once a value was no number, or infinite.
  public private(set) var isFinite = true

  public init() {}

  public var binWidth: Float { (high - low) / Float(Self.binCount) }
  /// Elements that are not zero.
  public var count: Int { bins.reduce(0, +) }
  public func center(_ bin: Int) -> Float { low + (Float(bin) + 0.5) * binWidth }

  /// The first pass.
  public mutating func widen(_ elements: UnsafeBufferPointer<Float>) {
    var (low, high, odd) = (low, high, Float(0))
    for value in elements {
      low = value < low ? value : low
      high = value > high ? value : high
      odd += value * 0
    }
    (self.low, self.high) = (low, high)
    if odd != 0 || odd.isNaN { isFinite = false }
  }

  /// The second pass, over the same elements.
  public mutating func tally(_ elements: UnsafeBufferPointer<Float>) {
    // A range too small, or too large, to be divided holds nothing worth telling apart.
    guard isFinite, high - low > 1e-30, (high - low).isFinite else {
      zeros += elements.count
      return
    }
    let (low, factor) = (low, Float(Self.binCount) / (high - low))
    var zeros = 0
    bins.withUnsafeMutableBufferPointer { bins in
      for value in elements {
        if value == 0 {
          zeros += 1
        } else {
          bins[min(Self.binCount - 1, max(0, Int(saturating: (value - low) * factor)))] += 1
        }
      }
    }
    self.zeros += zeros
  }
}
