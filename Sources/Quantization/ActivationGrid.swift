import ModelGraph

/// The 256 numbers that a uint8 activation can be: real = (q − zero) · scale. Zero is always one of them, so that padding
/// and what Relu cuts off cost nothing.
public struct ActivationGrid: Sendable, Equatable {
  public let scale: Float
  public let zero: UInt8

  /// The grid that spans `low`…`high`, widened to hold 0.
  public init(low: Float, high: Float) {
    let (low, high) = (min(low, 0), max(high, 0))
    let step = (high - low) / 255
    // A value that is nothing but zeros has a grid too.
    scale = step > Float.leastNormalMagnitude && step.isFinite ? step : 1
    zero = UInt8(saturating: (-low / scale).rounded(.toNearestOrEven))
  }

  /// The first and last of its numbers.
  public var low: Float { (0 - Float(zero)) * scale }
  public var high: Float { Float(255 - Int(zero)) * scale }

  /// The number that stands for `value`, as QuantizeLinear and DequantizeLinear make it.
  @inline(__always)
  public func nearest(_ value: Float) -> Float {
    let point = Float(zero)
    return (max(0, min(255, (value / scale).rounded(.toNearestOrEven) + point)) - point) * scale
  }
}
