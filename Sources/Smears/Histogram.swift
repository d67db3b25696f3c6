/// Counts of the 256 values of a plane.
struct Histogram {
  private(set) var counts = [Int](repeating: 0, count: 256)
  private(set) var total = 0

  mutating func add(_ value: UInt8) {
    counts[Int(value)] += 1
    total += 1
  }

  /// The smallest value that at least `numerator` of `denominator` of the samples do not exceed.
  func quantile(_ numerator: Int, of denominator: Int) -> Int {
    var below = 0
    for value in 0..<256 {
      below += counts[value]
      if below * denominator >= total * numerator, below > 0 { return value }
    }
    return 255
  }

  /// Otsu's threshold: values up to it and values above it are the two classes with the largest variance between them.
  func otsu(upTo limit: Int = 255) -> Int {
    var (sum, total) = (0, 0)
    for value in 0...limit {
      sum += value * counts[value]
      total += counts[value]
    }
    var (best, threshold) = (-1.0, 0)
    var (below, belowSum) = (0, 0)
    for value in 0..<limit {
      below += counts[value]
      belowSum += value * counts[value]
      let above = total - below
      if below == 0 || above == 0 { continue }
      let difference = Double(belowSum) / Double(below) - Double(sum - belowSum) / Double(above)
      let variance = Double(below) * Double(above) * difference * difference
      if variance > best { (best, threshold) = (variance, value) }
    }
    return threshold
  }

  /// The threshold between background and cells in a histogram of lacking light. Where dark nuclei make Otsu's threshold
  /// part them from everything else, many values below it are cells too: then the threshold is Otsu's of those.
  func cellThreshold() -> Int {
    var threshold = otsu()
    for _ in 0..<2 {
      let lower = otsu(upTo: threshold)
      var (between, above) = (0, 0)
      for value in 0..<256 {
        if value > threshold { above += counts[value] } else if value > lower { between += counts[value] }
      }
      if 2 * between < above { break }
      threshold = lower
    }
    return threshold
  }
}
