import ModelGraph

/// Scale and zero point of a uint8 activation: real = (q − zero) · scale. Zero is always representable, so that padding
/// and Relu are exact.
public struct ActivationGrid: Sendable, Equatable {
  public let scale: Float
  public let zero: UInt8

  /// Spans `low`…`high`, extended to include 0.
  ///
  /// A range of 0…1 belongs to gates and probabilities, which are often exactly 0.5. On steps of 1/255 that lies in the
  /// middle between two integers, so that the last bit of another engine's sum decides which one it becomes; on steps of
  /// 1/254 both 0.5 and 1 are integers.
  public init(low: Float, high: Float) {
    let (low, high) = (min(low, 0), max(high, 0))
    let endsAtOne = low == 0 && abs(high - 1) <= 1 / 510
    let step = endsAtOne ? 1 / 254 : (high - low) / 255
    // A value that is always zero needs a valid scale too.
    scale = step > Float.leastNormalMagnitude && step.isFinite ? step : 1
    zero = UInt8(saturating: (-low / scale).rounded(.toNearestOrEven))
  }

  private init(scale: Float, zero: UInt8) {
    (self.scale, self.zero) = (scale, zero)
  }

  /// Whether it is that of a range of 0…1.
  private var isGate: Bool { scale == 1 / 254 && zero == 0 }

  /// This grid for the product of `factors`: a little wider if one of them is a gate and the other has the same steps.
  ///
  /// A gate that is open for the largest value leaves its range as it was. Then a gate of 0.5, which many of those that
  /// do nothing have, puts every odd integer in the middle between two, where an engine's last bit decides.
  package func product(of factors: [ActivationGrid]) -> ActivationGrid {
    guard factors.contains(where: { $0.isGate }), let other = factors.first(where: { !$0.isGate }),
      abs(scale / other.scale - 1) < 1 / 512
    else { return self }
    return ActivationGrid(scale: other.scale * (1 + 1 / 512), zero: zero)
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
