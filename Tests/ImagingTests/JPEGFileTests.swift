import Imaging
import TestSupport
import Testing

@Suite struct JPEGFileTests {
  private func picture(_ width: Int, _ height: Int, noise: Int = 0) -> Picture {
    var picture = Picture(width: width, height: height)
    var random = Noise(7)
    for index in picture.pixels.indices {
      let (x, y) = (index / 3 % width, index / 3 / width)
      let noise = noise == 0 ? 0 : random.int(0...(noise - 1))
      picture.pixels[index] = UInt8(min((x * 3 + y * 2 * (index % 3)) % 500 / 2 + noise, 255))
    }
    return picture
  }

  private func read(_ bytes: [UInt8]) throws -> Picture {
    try bytes.withUnsafeBytes { try PictureFile($0, named: "written", PictureOptions()).picture }
  }

  /// Extents that are no multiples of eight, and a single pixel.
  @Test(arguments: [(1, 1), (8, 8), (9, 17), (64, 40), (129, 7)]) func whatIsWrittenIsRead(_ width: Int, _ height: Int)
    throws
  {
    let smooth = picture(width, height)
    for (quality, allowed) in [(100, 4), (85, 40), (20, 130)] {
      let result = try read(try JPEGFile.encode(smooth, quality: quality))
      #expect(result.width == width && result.height == height)
      let worst = zip(result.pixels, smooth.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(worst <= allowed, "quality \(quality): \(worst)")
    }
  }

  /// Noise takes the longest codes and all their symbols.
  @Test func noiseIsWritten() throws {
    let noisy = picture(200, 120, noise: 256)
    for quality in [1, 50, 100] {
      let bytes = try JPEGFile.encode(noisy, quality: quality)
      #expect(try read(bytes).width == 200)
    }
    #expect(try JPEGFile.encode(noisy, quality: 90).count > JPEGFile.encode(noisy, quality: 30).count)
  }

  @Test func tooLongASideIsRefused() {
    #expect(throws: ImagingError.self) { try JPEGFile.encode(Picture(width: 65_536, height: 1), quality: 80) }
  }
}
