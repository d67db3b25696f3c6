import Foundation
import ModelGraph

/// Pictures of a batch blended with one another, and their answers alike: Zhang et al., "mixup: Beyond Empirical Risk
/// Minimization" (2018), as fastai does it: each picture has a share of its own, drawn from Beta(alpha, alpha) and at
/// least a half.
struct Mixup: Sendable {
  let alpha: Double

  /// Which pictures of a batch are mixed with which.
  struct Blend {
    /// Of each picture, the other one.
    var order: [Int]
    /// Of each picture, its share.
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
  ///   - rows: which of the whole batch's pictures are in `batch`.
  ///   - own: how many of them, from the front, it is about; the others are there to be mixed with, and go.
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
