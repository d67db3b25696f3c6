import Foundation

/// fastai 2's `Saturation`: scales the distance of a pixel's logits from their grey value by a factor from 1 − light to
/// 1 / (1 − light), uniform in its logarithm. torchvision's `adjust_saturation` does the same to the values themselves.
public struct FastaiSaturation: PictureTransform {
  public var light = 0.2
  public var probability = 0.75

  public init(light: Double = 0.2, probability: Double = 0.75) {
    self.light = light
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let factor = random.factor(logarithmWithin: -log(1 - light))
    // ITU-R 601-2 luma, with fastai's digits.
    change.changeLight(ofPixels: { ($0 * SIMD3(0.2989, 0.5870, 0.1140)).sum() * (1 - factor) + $0 * factor })
  }
}
