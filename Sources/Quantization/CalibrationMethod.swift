import ModelGraph

/// How an activation's range is chosen from its statistics.
public enum CalibrationMethod: String, CaseIterable, Sendable {
  /// The full observed range.
  case minmax
  /// The range without the outermost 0.01 % of the elements on each side.
  case percentile
  /// The range with the least expected squared error of rounding and clipping together.
  case mse
  /// The range whose 256 levels lose least information about the distribution (Kullback–Leibler divergence, as in
  /// Migacz, "8-bit inference with TensorRT", GTC 2017).
  case entropy

  public func grid(_ statistics: ActivationStatistics) -> ActivationGrid {
    guard statistics.high > statistics.low, statistics.count > 0 else { return ActivationGrid(low: 0, high: 0) }
    let (low, high) =
      switch self {
      case .minmax: (statistics.low, statistics.high)
      case .percentile: Self.percentile(statistics, outside: 1e-4)
      case .mse: Self.leastError(statistics)
      case .entropy: Self.leastDivergence(statistics)
      }
    return ActivationGrid(low: low, high: high)
  }

  private static func percentile(_ statistics: ActivationStatistics, outside share: Double) -> (Float, Float) {
    let allowed = Int(Double(statistics.count + statistics.zeros) * share)
    var (first, last) = (0, statistics.bins.count - 1)
    var (below, above) = (statistics.bins[first], statistics.bins[last])
    while below <= allowed, first < last {
      first += 1
      below += statistics.bins[first]
    }
    while above <= allowed, last > first {
      last -= 1
      above += statistics.bins[last]
    }
    let width = statistics.binWidth
    return (statistics.low + Float(first) * width, statistics.low + Float(last + 1) * width)
  }

  /// Minimises the cost over both ends: each in turn is moved towards 0 until neither moves.
  private static func narrowed(
    _ statistics: ActivationStatistics, cost: (_ low: Float, _ high: Float) -> Double
  ) -> (Float, Float) {
    let steps = 100
    var best = (low: statistics.low, high: statistics.high)
    var least = cost(best.low, best.high)
    for _ in 0..<4 {
      let before = least
      for step in 0..<steps {
        let high = statistics.high * Float(step) / Float(steps)
        let found = high > best.low ? cost(best.low, high) : .infinity
        if found < least { (best.high, least) = (high, found) }
      }
      for step in 0..<steps where statistics.low < 0 {
        let low = statistics.low * Float(step) / Float(steps)
        let found = best.high > low ? cost(low, best.high) : .infinity
        if found < least { (best.low, least) = (low, found) }
      }
      if least == before { break }
    }
    return (best.low, best.high)
  }

  private static func leastError(_ statistics: ActivationStatistics) -> (Float, Float) {
    narrowed(statistics) { low, high in
      let (low, high) = (Double(low), Double(high))
      let step = (high - low) / 255
      let rounding = step * step / 12
      var sum = 0.0
      for (bin, count) in statistics.bins.enumerated() where count > 0 {
        let value = Double(statistics.center(bin))
        let beyond = max(low - value, value - high)
        sum += Double(count) * (beyond > 0 ? beyond * beyond : rounding)
      }
      return sum
    }
  }

  private static func leastDivergence(_ statistics: ActivationStatistics) -> (Float, Float) {
    let levels = 256
    let bins = statistics.bins
    let width = statistics.binWidth
    return narrowed(statistics) { low, high in
      let first = max(0, Int(saturating: (low - statistics.low) / width))
      let end = min(bins.count, Int(saturating: ((high - statistics.low) / width).rounded(.up)))
      guard end - first >= levels else { return .infinity }
      var meant = bins[first..<end].map { Double($0) }
      var told = [Double](repeating: 0, count: meant.count)
      for level in 0..<levels {
        let part = (level * meant.count / levels)..<((level + 1) * meant.count / levels)
        let filled = part.count { meant[$0] > 0 }
        guard filled > 0 else { continue }
        let mean = part.reduce(0) { $0 + meant[$1] } / Double(filled)
        for bin in part where meant[bin] > 0 { told[bin] = mean }
      }
      // Elements outside the range are added to the outermost level.
      meant[0] += Double(bins[..<first].reduce(0, +))
      meant[meant.count - 1] += Double(bins[end...].reduce(0, +))
      return divergence(meant, told)
    }
  }

  /// The divergence of two histograms, each normalised to sum 1. A bin that is empty in only one of them counts as
  /// rare, not as impossible.
  private static func divergence(_ p: [Double], _ q: [Double]) -> Double {
    let (pSum, qSum) = (p.reduce(0, +), q.reduce(0, +))
    guard pSum > 0, qSum > 0 else { return .infinity }
    var sum = 0.0
    for (a, b) in zip(p, q) where a > 0 { sum += a / pSum * logarithm(a / pSum / max(b / qSum, 1e-9)) }
    return sum
  }
}
