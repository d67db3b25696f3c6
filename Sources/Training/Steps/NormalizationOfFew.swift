import ModelGraph
import TrainingKernels

/// Batch normalisation over so few values per channel that doubles cost nothing beside the convolutions. Of a gradient of
/// eight values little is left once its mean and its part along x̂ are taken away, and the rounding of floats shows in it.
extension NormalizationStep {
  /// Up to 64 rows, in float training by one process.
  func isOfFew(_ pass: Pass, _ rows: Int) -> Bool { rows <= 64 && bfloat16 == nil && pass.share == nil }

  /// The mean of x[c], x[c + channels], … and the sum of their squared distances to it.
  static func moments(
    _ x: UnsafePointer<Float>, _ c: Int, _ channels: Int, _ rows: Int
  ) -> (mean: Double, spread: Double) {
    var (mean, spread) = (0.0, 0.0)
    for row in 0..<rows { mean += Double(x[row * channels + c]) }
    mean /= Double(rows)
    for row in 0..<rows {
      let distance = Double(x[row * channels + c]) - mean
      spread += distance * distance
    }
    return (mean, spread)
  }

  /// The backward pass by the batch's moments, which are computed again: what is saved of them is rounded.
  func backwardOfFew(_ pass: Pass, _ gamma: Parameter, _ beta: Parameter) {
    let rows = output.count(images: pass.images) / channels
    let (x, dy, saved) = (pass.activation(input()), pass.gradient(output), savedMemory(pass))
    let (scale, shift) = (saved + 2 * channels, saved + 3 * channels)
    // With a residual, the rectifier's mask comes from the output, and the residual's gradient needs the masked dy.
    let y = hasResidual && rectifies ? pass.activation(output) : nil
    let masksByInput = rectifies && !hasResidual
    let (dx, adds) = modes[0] == .unwanted ? (nil, false) : (pass.gradient(input()), modes[0] == .accumulate)
    let (gammas, dGamma, dBeta) = (pass.weights(gamma), pass.gradient(gamma), pass.gradient(beta))
    pass.team.run { thread, threads in
      for c in channels * Int(thread) / Int(threads)..<channels * Int(thread + 1) / Int(threads) {
        let (mean, spread) = Self.moments(x, c, channels, rows)
        let inverse = 1 / (spread / Double(rows) + Double(epsilon)).squareRoot()
        func g(_ at: Int) -> Double {
          let isActive = y.map { $0[at] > 0 } ?? (!masksByInput || shift[c].addingProduct(x[at], scale[c]) > 0)
          return isActive ? Double(dy[at]) : 0
        }
        let places = stride(from: c, to: rows * channels, by: channels)
        var (sum, product) = (0.0, 0.0)
        for at in places {
          sum += g(at)
          product += g(at) * (Double(x[at]) - mean)
        }
        set(dBeta + c, Float(sum), modes[2])
        set(dGamma + c, Float(product * inverse), modes[1])
        // dx = γ/σ · (g − mean(g) − x̂ · mean(g · x̂)). It may take dy's place.
        let (a, b) = (Double(gammas[c]) * inverse, product * inverse * inverse / Double(rows))
        for at in places {
          let masked = g(at)
          if y != nil { dy[at] = Float(masked) }
          guard let dx else { continue }
          let gradient = Float(a * (masked - sum / Double(rows) - b * (Double(x[at]) - mean)))
          dx[at] = adds ? dx[at] + gradient : gradient
        }
      }
    }
  }
}
