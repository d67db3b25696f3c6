import ModelGraph

/// Calibration of probabilities: of the pictures with predicted probability 80 %, is the prediction right for 80 %? In
/// bins of equal width.
///
/// Expected calibration error: Σ (bin's pictures / all) · |observed frequency − mean probability|. M. P. Naeini, G.
/// Cooper and M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; C. Guo et
/// al., "On Calibration of Modern Neural Networks", ICML 2017.
public struct Calibration: Sendable {
  public struct Bin: Sendable, Equatable {
    public var low: Double
    public var high: Double
    public var count: Int
    /// Mean probability and observed frequency within the bin; 0 in an empty one.
    public var meanProbability: Double
    public var share: Double
  }

  public let bins: [Bin]
  public let expectedError: Double

  /// - Parameters:
  ///   - probabilities: 0...1; a bin includes its lower end, the last one its upper end too.
  ///   - happened: for each, whether the event of that probability occurred.
  public init(probabilities: [Double], happened: [Bool], bins count: Int = 10) {
    var sums = [(count: Int, probability: Double, hits: Int)](repeating: (0, 0, 0), count: count)
    for (probability, hit) in zip(probabilities, happened) {
      let bin = min(max(Int(saturating: probability * Double(count)), 0), count - 1)
      sums[bin].count += 1
      sums[bin].probability += probability
      sums[bin].hits += hit ? 1 : 0
    }
    var error = 0.0
    bins = sums.enumerated().map { index, sum in
      let n = Double(max(sum.count, 1))
      let bin = Bin(
        low: Double(index) / Double(count), high: Double(index + 1) / Double(count), count: sum.count,
        meanProbability: sum.probability / n, share: Double(sum.hits) / n)
      error += Double(sum.count) * abs(bin.share - bin.meanProbability)
      return bin
    }
    expectedError = probabilities.isEmpty ? 0 : error / Double(probabilities.count)
  }
}
