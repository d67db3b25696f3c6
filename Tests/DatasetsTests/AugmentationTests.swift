import Datasets
import Imaging
import PictureModels
import Testing

@Suite struct AugmentationTests {
  @Test func flipsOnlyMovePixels() {
    let picture = noise(1)
    var random = RandomSource(seed: 2)
    var seen: Set<[UInt8]> = []
    for _ in 0..<200 {
      let changed = Augmentation.flips.apply(to: picture, random: &random)
      #expect(changed.pixels.sorted() == picture.pixels.sorted())
      seen.insert(changed.pixels)
    }
    #expect(seen.count == 8)
  }

  @Test func oblongPicturesKeepTheirShape() {
    let picture = noise(1, width: 9, height: 5)
    var random = RandomSource(seed: 2)
    var seen: Set<[UInt8]> = []
    for _ in 0..<100 {
      let changed = Augmentation.flips.apply(to: picture, random: &random)
      #expect(changed.width == 9 && changed.height == 5)
      seen.insert(changed.pixels)
    }
    #expect(seen.count == 4)
  }

  @Test func warpingKeepsWhatIsConstant() {
    let grey = Picture(width: 16, height: 16, pixels: [UInt8](repeating: 77, count: 768))
    let augmentation = Augmentation([TurnAndZoom(rotation: 45, zoom: 1.5, probability: 1)])
    var random = RandomSource(seed: 3)
    for _ in 0..<20 { #expect(augmentation.apply(to: grey, random: &random) == grey) }
  }

  @Test func noWarpIsTheIdentity() {
    let augmentation = Augmentation([
      TurnAndZoom(rotation: 0, zoom: 1, probability: 1),
      BrightnessAndContrast(brightness: 0, contrast: 0, probability: 1),
    ])
    var random = RandomSource(seed: 3)
    #expect(augmentation.apply(to: noise(4), random: &random) == noise(4))
    #expect(Augmentation.none.apply(to: noise(4), random: &random) == noise(4))
  }

  /// Only brightness and contrast, with probability 1.
  private func light(brightness: Double, contrast: Double) -> Augmentation {
    Augmentation([BrightnessAndContrast(brightness: brightness, contrast: contrast, probability: 1)])
  }

  @Test func lightStaysInBounds() {
    let augmentation = light(brightness: 0.9, contrast: 0.9)
    var random = RandomSource(seed: 5)
    for seed in UInt64(0)..<20 { _ = augmentation.apply(to: noise(seed), random: &random) }
    #expect(augmentation.apply(to: noise(1), random: &random) != noise(1))
  }

  /// Otherwise the black around a cell would count as part of it (ModelMetadata.Centering).
  @Test func blackStaysBlack() {
    let augmentation = light(brightness: 0.2, contrast: 0.5)
    var random = RandomSource(seed: 7)
    let pixels: [UInt8] = [0, 0, 0, 200, 120, 150, 8, 8, 8, 9, 0, 0]
    for _ in 0..<20 {
      let lit = augmentation.apply(to: Picture(width: 2, height: 2, pixels: pixels), random: &random)
      #expect(lit.pixels[0..<3] == [0, 0, 0] && lit.pixels[6..<9] == [8, 8, 8])
    }
  }
}
