import Foundation
import Imaging
import PictureModels

/// Brightness and contrast of the cell only: the black around it stays black.
public struct BrightnessAndContrast: PictureTransform {
  /// Maximum relative change of brightness.
  public var brightness = 0.2
  /// Maximum relative change of contrast, about the picture's mean.
  public var contrast = 0.2
  public var probability = 0.75

  public init(brightness: Double = 0.2, contrast: Double = 0.2, probability: Double = 0.75) {
    self.brightness = brightness
    self.contrast = contrast
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let gain = 1 + random.uniform(-brightness...brightness)
    let spread = 1 + random.uniform(-contrast...contrast)
    change.picture = change.picture.lit(gain: gain, spread: spread)
  }
}

extension Picture {
  /// Multiplies the values by `gain`, then scales their distance from the picture's mean by `spread`; the black around
  /// a cell stays black.
  func lit(gain: Double, spread: Double) -> Picture {
    let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count) * gain
    let table = (0..<256).map { UInt8(min(max((Double($0) * gain - mean) * spread + mean, 0), 255).rounded()) }
    var result = self
    for pixel in stride(from: 0, to: pixels.count, by: 3)
    where ModelMetadata.Centering.isCell(pixels[pixel], pixels[pixel + 1], pixels[pixel + 2]) {
      for channel in pixel..<pixel + 3 { result.pixels[channel] = table[Int(pixels[channel])] }
    }
    return result
  }
}
