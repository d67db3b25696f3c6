import Foundation

/// Pictures of a batch blended with one another, and their answers alike: Zhang et al., "mixup: Beyond Empirical Risk
/// Minimization" (2018), as fastai does it: each picture has a share of its own, drawn from Beta(alpha, alpha) and at
/// least a half.
struct Mixup: Sendable {
  let alpha: Double

  func apply(_ batch: inout Batch, random: inout RandomSource) {
    let count = batch.labels.count
    let order = random.permutation(count)
    let shares = (0..<count).map { _ in
      let share = random.beta(alpha)
      return Float(max(share, 1 - share))
    }
    let size = batch.images.count / max(count, 1)
    let before = batch.images.array(of: Float.self)
    batch.images.withMutableElements(Float.self) { images in
      for row in 0..<count {
        let (share, other) = (shares[row], order[row] * size)
        for index in 0..<size {
          images[row * size + index] = before[row * size + index] * share + before[other + index] * (1 - share)
        }
      }
    }
    let labels = batch.labels
    batch.partners = order.map { labels[$0] }
    batch.shares = shares
  }
}

extension RandomSource {
  /// Beta(alpha, alpha), as the share of one of two Gamma numbers.
  package mutating func beta(_ alpha: Double) -> Double {
    let (first, second) = (gamma(alpha), gamma(alpha))
    return first + second > 0 ? first / (first + second) : 0.5
  }

  /// Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
  private mutating func gamma(_ shape: Double) -> Double {
    if shape < 1 { return gamma(shape + 1) * pow(max(uniform(), 1e-300), 1 / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = Double(normal())
      let v = pow(1 + c * x, 3)
      if v > 0, log(max(uniform(), 1e-300)) < x * x / 2 + d - d * v + d * log(v) { return d * v }
    }
  }
}
