import Foundation

func logarithm(_ value: Double) -> Double { log(value) }

/// Signal-to-noise ratio: 10 · log10(Σ signal² / Σ error²). Well-used 8 bits give 40 or more.
struct NoiseMeter: Sendable {
  private var signal = 0.0
  private var noise = 0.0

  @inline(__always)
  mutating func add(_ meant: Float, _ found: Float) {
    let difference = Double(found - meant)
    signal += Double(meant) * Double(meant)
    noise += difference * difference
  }

  /// Infinite if there is no error.
  var decibels: Double {
    if noise == 0 { return .infinity }
    return signal == 0 ? -.infinity : 10 * log10(signal / noise)
  }
}
