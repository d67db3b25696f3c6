import Foundation

/// Leslie Smith's one-cycle schedule ("Super-Convergence", 2018) as in fastai: the rate rises to its maximum and falls to
/// almost 0, both along half a cosine. The momentum does the opposite.
public struct OneCycle: Sendable {
  public var maximumRate: Float
  /// Steps (batches) of the whole run.
  public var steps: Int
  /// Fraction of the steps in which the rate rises.
  public var climb: Double
  /// The first rate is maximumRate / startDivisor.
  public var startDivisor: Double
  /// The last rate is maximumRate / startDivisor / endDivisor. PyTorch's `final_div_factor`.
  public var endDivisor: Double
  /// Momentum (Adam's β1) at both ends, and at the maximum rate.
  public var highMomentum: Double
  public var lowMomentum: Double

  public init(
    maximumRate: Float, steps: Int, climb: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4,
    highMomentum: Double = 0.95, lowMomentum: Double = 0.85
  ) {
    self.maximumRate = maximumRate
    self.steps = steps
    self.climb = climb
    self.startDivisor = startDivisor
    self.endDivisor = endDivisor
    self.highMomentum = highMomentum
    self.lowMomentum = lowMomentum
  }

  /// Rate and momentum of step 0 ..< steps, as in PyTorch's `OneCycleLR`. Later steps keep the last values.
  public func values(at step: Int) -> (rate: Float, momentum: Float) {
    let highest = Double(maximumRate)
    let first = highest / startDivisor
    let last = first / endDivisor
    let top = max(climb * Double(steps) - 1, 0)
    let end = max(Double(steps) - 1, 0)
    let now = min(Double(max(step, 0)), end)
    if now <= top, top > 0 {
      let share = now / top
      return (Float(cosine(first, highest, share)), Float(cosine(highMomentum, lowMomentum, share)))
    }
    let share = end > top ? (now - top) / (end - top) : 1
    return (Float(cosine(highest, last, share)), Float(cosine(lowMomentum, highMomentum, share)))
  }

  private func cosine(_ from: Double, _ to: Double, _ share: Double) -> Double {
    to + (from - to) / 2 * (1 + cos(Double.pi * share))
  }
}
