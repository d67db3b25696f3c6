import ModelGraph

/// Distribution of a value's elements over the calibration pictures: first the range, then a histogram of the range.
public struct ActivationStatistics: Sendable {
  public static let binCount = 2048

  /// Minimum and maximum, extended to include 0.
  public private(set) var low: Float = 0
  public private(set) var high: Float = 0
  /// Histogram of `low`…`high` with ``binCount`` equal bins. Exact zeros are not counted, since every quantised range
  /// represents 0 exactly.
  public private(set) var bins = [Int](repeating: 0, count: binCount)
  public private(set) var zeros = 0
  /// False if any element was NaN or infinite.
  public private(set) var isFinite = true

  /// What of the range matters; elements beyond count as the nearest bound.
  private let useful: ClosedRange<Float>

  public init(useful: ClosedRange<Float> = -Float.infinity...Float.infinity) {
    self.useful = useful
  }

  public var binWidth: Float { (high - low) / Float(Self.binCount) }
  /// Number of nonzero elements.
  public var count: Int { bins.reduce(0, +) }
  public func center(_ bin: Int) -> Float { low + (Float(bin) + 0.5) * binWidth }

  /// First pass: extends the range.
  public mutating func widen(_ elements: UnsafeBufferPointer<Float>) {
    var (low, high, odd) = (low, high, Float(0))
    for value in elements {
      low = value < low ? value : low
      high = value > high ? value : high
      odd += value * 0
    }
    (self.low, self.high) = (
      max(low, min(useful.lowerBound, 0)), min(high, max(useful.upperBound, 0))
    )
    if odd != 0 || odd.isNaN { isFinite = false }
  }

  /// Second pass, over the same elements: fills the histogram.
  public mutating func tally(_ elements: UnsafeBufferPointer<Float>) {
    // A range too small or too large to divide needs no histogram.
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
