import Foundation
import ModelGraph

/// Blends pairs of pictures of a batch and their targets: Zhang et al., "mixup: Beyond Empirical Risk Minimization"
/// (2018), in fastai's variant: each picture has its own weight, drawn from Beta(alpha, alpha) and at least 0.5.
struct Mixup: Sendable {
  let alpha: Double

  /// The partner and weight of each picture of a batch.
  struct Blend {
    /// The index of each picture's partner.
    var order: [Int]
    /// Each picture's own weight.
    var shares: [Float]
  }

  func draw(_ count: Int, random: inout RandomSource) -> Blend {
    let order = random.permutation(count)
    let shares = (0..<count).map { _ in
      let share = random.beta(alpha)
      return Float(max(share, 1 - share))
    }
    return Blend(order: order, shares: shares)
  }
}

extension Mixup.Blend {
  /// - Parameters:
  ///   - rows: the rows of the whole batch that are in `batch`.
  ///   - own: how many of them, from the front, belong to this rank; the rest are partners and are dropped.
  func apply(to batch: inout Batch, rows: [Int], own: Int) throws(GraphError) {
    let places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
    let others = rows[..<own].map { places[order[$0]] ?? 0 }
    let size = batch.images.count / max(rows.count, 1)
    let before = batch.images
    var mixed = before
    if own < rows.count {
      var shape = before.shape
      shape[0] = own
      mixed = try Tensor(zeros: shape)
    }
    before.withElements(Float.self) { before in
      mixed.withMutableElements(Float.self) { images in
        for row in 0..<own {
          let (share, other) = (shares[rows[row]], others[row] * size)
          for index in 0..<size {
            images[row * size + index] = before[row * size + index] * share + before[other + index] * (1 - share)
          }
        }
      }
    }
    let labels = batch.labels
    batch.images = mixed
    batch.labels = Array(labels[..<own])
    batch.indices = Array(batch.indices[..<own])
    batch.partners = others.map { labels[$0] }
    batch.shares = rows[..<own].map { shares[$0] }
  }
}

extension RandomSource {
  /// Draws from Beta(alpha, alpha), as the ratio of one Gamma variable to the sum of two.
  package mutating func beta(_ alpha: Double) -> Double {
    let (first, second) = (gamma(alpha), gamma(alpha))
    return first + second > 0 ? first / (first + second) : 0.5
  }

  /// Draws from Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
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
