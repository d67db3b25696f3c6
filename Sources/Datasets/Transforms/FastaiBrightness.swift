import Foundation

/// fastai's `brightness`: middle grey moves to between (1 − light) / 2 and (1 + light) / 2, and all other values move
/// with it along the logistic curve.
public struct FastaiBrightness: PictureTransform {
  public var light = 0.2
  public var probability = 0.75

  public init(light: Double = 0.2, probability: Double = 0.75) {
    self.light = light
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let level = random.uniform((1 - light) / 2...(1 + light) / 2)
    let shift = log(level / (1 - level))
    change.changeLight(ofValues: { $0 + shift })
  }
}
