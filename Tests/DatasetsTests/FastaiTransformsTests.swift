import Datasets
import Imaging
import TestSupport
import Testing

@Suite struct FastaiTransformsTests {
  /// Applies a perspective map to a point.
  private func map(_ p: [Double], _ x: Double, _ y: Double) -> (Double, Double) {
    let depth = p[6] * x + p[7] * y + 1
    return ((p[0] * x + p[1] * y + p[2]) / depth, (p[3] * x + p[4] * y + p[5]) / depth)
  }

  @Test func movedCornersAreTheOldOnes() throws {
    let moves = [0.2, -0.1, 0.05, 0.15]
    let p = try #require(FastaiWarp.perspective(moves))
    let targets = [(-1.15, -0.9), (-1.05, 0.9), (1.15, -1.2), (1.05, 1.2)]
    for ((x, y), (wantedX, wantedY)) in zip(targets, [(-1.0, -1.0), (-1, 1), (1, -1), (1, 1)]) {
      let (foundX, foundY) = map(p, x, y)
      #expect(abs(foundX - wantedX) < 1e-9 && abs(foundY - wantedY) < 1e-9)
    }
    let still = try #require(FastaiWarp.perspective([0, 0, 0, 0]))
    for (found, wanted) in zip(still, [1.0, 0, 0, 0, 1, 0, 0, 0]) { #expect(abs(found - wanted) < 1e-12) }
  }

  @Test func theIdentityMovesNothing() {
    let picture = noise(1, width: 13, height: 9)
    #expect(picture.sampled(perspective: [1, 0, 0, 0, 1, 0, 0, 0], affine: [1, 0, 0, 0, 1, 0]) == picture)
  }

  @Test func aQuarterTurnIsOne() {
    let picture = noise(2, width: 9, height: 9)
    let turned = picture.sampled(perspective: [1, 0, 0, 0, 1, 0, 0, 0], affine: [0, -1, 0, 1, 0, 0])
    #expect(turned.pixels != picture.pixels && turned.pixels.sorted() == picture.pixels.sorted())
  }

  /// Half of the pictures are mirrored; each of the other transforms leaves a quarter unchanged.
  @Test func everythingHasItsProbability() {
    let picture = noise(3, width: 12, height: 12)
    let still = Augmentation([FastaiWarp(), FastaiRotation(), FastaiZoom(), FastaiBrightness(), FastaiContrast()])
    var random = RandomSource(seed: 4)
    var untouched = 0
    for _ in 0..<4000 where still.apply(to: picture, random: &random) == picture { untouched += 1 }
    // 0.25 to the fifth is 1 in 1024.
    #expect(untouched < 16)
    var mirrored = 0
    for _ in 0..<1000 {
      let changed = Augmentation([FastaiMirror()]).apply(to: picture, random: &random)
      if changed == Augmentation.turned(1).apply(to: picture, random: &random) {
        mirrored += 1
      } else {
        #expect(changed == picture)
      }
    }
    #expect((400...600).contains(mirrored))
  }

  @Test func lightGoesBothWaysAndStaysInBounds() {
    let grey = Picture(width: 8, height: 8, pixels: [UInt8](repeating: 100, count: 192))
    let light = Augmentation([FastaiBrightness(probability: 1), FastaiContrast(probability: 1)])
    var random = RandomSource(seed: 5)
    var levels: Set<UInt8> = []
    for _ in 0..<200 { levels.formUnion(light.apply(to: grey, random: &random).pixels) }
    // sigmoid(logit(100/255) ± logit(0.6)) times a contrast of 0.8 to 1.25.
    #expect((levels.min() ?? 0) >= 65 && (levels.max() ?? 255) <= 137)
    #expect((levels.min() ?? 255) < 85 && (levels.max() ?? 0) > 115)
  }
}

@Suite struct MixupTests {
  @Test func betaHasItsMoments() {
    var random = RandomSource(seed: 6)
    for alpha in [0.4, 1, 3] {
      let draws = (0..<20000).map { _ in random.beta(alpha) }
      let mean = draws.reduce(0, +) / 20000
      let spread = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000
      #expect(abs(mean - 0.5) < 0.02)
      #expect(abs(spread - 1 / (4 * (2 * alpha + 1))) < 0.01)
    }
  }

  @Test func blendsPicturesAndLabelsAlike() throws {
    let folder = try TemporaryFolder()
    let items = try (0..<8).map { index in
      let level = UInt8(index * 30)
      try folder.write("\(index).png", Picture(width: 8, height: 8, pixels: [UInt8](repeating: level, count: 192)))
      return CellFolder.Item(path: "\(folder.path)/\(index).png", label: index, slide: "")
    }
    func batch(_ mixup: Double) throws -> Batch {
      let loader = BatchLoader(
        items: items, preprocessing: try preprocessing(side: 8), augmentation: nil, batchSize: 8, shuffle: false,
        dropLast: false, seed: 3, mixup: mixup, workers: 2)
      loader.start(epoch: 1)
      return try #require(try loader.next())
    }
    let (plain, mixed, again) = (try batch(0), try batch(0.4), try batch(0.4))
    #expect(plain.partners.isEmpty && mixed.partners.count == 8 && mixed.labels == plain.labels)
    #expect(mixed.images.array(of: Float.self) == again.images.array(of: Float.self) && mixed.shares == again.shares)
    let (before, after) = (plain.images.array(of: Float.self), mixed.images.array(of: Float.self))
    for row in 0..<8 {
      let share = mixed.shares[row]
      #expect(share >= 0.5 && share <= 1)
      let wanted = before[row * 192] * share + before[Int(mixed.partners[row]) * 192] * (1 - share)
      #expect(abs(after[row * 192] - wanted) < 1e-5)
    }
  }
}
