import ModelGraph

/// Scale and zero point of a uint8 activation: real = (q − zero) · scale. Zero is always representable, so that padding
/// and Relu are exact.
public struct ActivationGrid: Sendable, Equatable {
  public let scale: Float
  public let zero: UInt8

  /// Spans `low`…`high`, extended to include 0.
  public init(low: Float, high: Float) {
    let (low, high) = (min(low, 0), max(high, 0))
    let step = (high - low) / 255
    // A value that is always zero needs a valid scale too.
    scale = step > Float.leastNormalMagnitude && step.isFinite ? step : 1
    zero = UInt8(saturating: (-low / scale).rounded(.toNearestOrEven))
  }

  /// The smallest and largest representable number.
  public var low: Float { (0 - Float(zero)) * scale }
  public var high: Float { Float(255 - Int(zero)) * scale }

  /// `value` after QuantizeLinear and DequantizeLinear.
  @inline(__always)
  public func nearest(_ value: Float) -> Float {
    let point = Float(zero)
    return (max(0, min(255, (value / scale).rounded(.toNearestOrEven) + point)) - point) * scale
  }
}
