import Datasets
import Foundation
import Imaging
import Testing

@Suite struct SaturationTests {
  private func saturated(_ picture: Picture, _ augmentation: Augmentation, seed: UInt64 = 1) -> Picture {
    var random = RandomSource(seed: seed)
    return augmentation.apply(to: picture, random: &random)
  }

  /// fastai's formula, in logits: grey · (1 − s) + x · s.
  @Test func isFastais() {
    let picture = noise(1, width: 16, height: 16)
    for seed in UInt64(0)..<20 {
      var random = RandomSource(seed: seed)
      _ = random.chance(1)
      let factor = exp(random.uniform(log(0.6)...(-log(0.6))))
      let found = saturated(picture, Augmentation([FastaiSaturation(light: 0.4, probability: 1)]), seed: seed)
      func logit(_ byte: UInt8) -> Double {
        let level = min(max(Double(byte) / 255, 1e-7), 1 - 1e-7)
        return log(level / (1 - level))
      }
      for pixel in stride(from: 0, to: picture.pixels.count, by: 3) {
        let logits = (0..<3).map { logit(picture.pixels[pixel + $0]) }
        let grey = 0.2989 * logits[0] + 0.587 * logits[1] + 0.114 * logits[2]
        for channel in 0..<3 {
          let wanted = 255 / (1 + exp(-(grey * (1 - factor) + logits[channel] * factor)))
          #expect(abs(Double(found.pixels[pixel + channel]) - wanted) <= 0.500001)
        }
      }
    }
  }

  @Test func sameSeedSameBytes() {
    let picture = noise(2)
    let both = Augmentation.likeFastai + Augmentation([FastaiSaturation()])
    let found = (UInt64(0)..<40).map { saturated(picture, both, seed: $0) }
    #expect(found == (UInt64(0)..<40).map { saturated(picture, both, seed: $0) })
    // What is drawn before it stays what it was without it.
    let plain = (UInt64(0)..<40).map { saturated(picture, .likeFastai, seed: $0) }
    let same = zip(found, plain).count { $0 == $1 }
    #expect((2...20).contains(same))
  }

  @Test func greyStaysGrey() {
    let grey = Picture(width: 4, height: 4, pixels: [UInt8](repeating: 90, count: 48))
    for seed in UInt64(0)..<20 {
      let found = saturated(grey, Augmentation([FastaiSaturation(light: 0.5, probability: 1)]), seed: seed)
      // The weights of grey add up to 0.9999.
      #expect(found.pixels.allSatisfy { abs(Int($0) - 90) <= 1 })
    }
  }

  /// Joined with brightness and contrast, whichever comes first.
  @Test func joinsWithOtherLight() {
    let picture = noise(3)
    let light: [any PictureTransform] = [FastaiBrightness(probability: 1), FastaiContrast(probability: 1)]
    for order in [light + [FastaiSaturation(probability: 1)], [FastaiSaturation(probability: 1)] + light] {
      let changed = saturated(picture, Augmentation(order))
      #expect(changed != picture && changed.pixels.count == picture.pixels.count)
    }
  }
}
