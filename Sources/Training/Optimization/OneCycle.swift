import Foundation

/// Leslie Smith's one-cycle schedule as fastai runs it ("Super-Convergence", 2018): the rate climbs to its maximum and
/// falls to almost nothing, along half cosines, while the momentum does the opposite.
public struct OneCycle: Sendable {
  public var maximumRate: Float
  /// Steps (batches) of the whole run.
  public var steps: Int
  /// Share of the steps spent climbing.
  public var climb: Double
  /// The rate starts at maximumRate / startDivisor …
  public var startDivisor: Double
  /// … and ends at maximumRate / startDivisor / endDivisor (PyTorch's `final_div_factor`, of the first rate).
  public var endDivisor: Double
  /// Momentum (Adam's β1) at both ends, and in the middle.
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

  /// For step 0 ..< steps, as PyTorch's `OneCycleLR` counts them; later steps keep the last values.
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
