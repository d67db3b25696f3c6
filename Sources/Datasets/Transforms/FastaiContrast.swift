import Foundation

/// fastai's `contrast`: multiplies the logits by a factor from 1 − light to 1 / (1 − light), uniform in its logarithm.
public struct FastaiContrast: PictureTransform {
  public var light = 0.2
  public var probability = 0.75

  public init(light: Double = 0.2, probability: Double = 0.75) {
    self.light = light
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let factor = random.factor(logarithmWithin: -log(1 - light))
    change.changeLight(ofValues: { $0 * factor })
  }
}
