import Imaging
import TestSupport
import Testing

/// Every format against Pillow's pixels: `Fixtures/pictures`, made by `tools/make-picture-fixtures`.
@Suite struct FormatTests {
  @Test(arguments: PictureFixtures.kinds)
  func readsAsPillowDoes(_ name: String) throws {
    let picture = try PictureFile(PictureFixtures.path(name)).picture
    #expect(picture.pixels == (try PictureFixtures.bytes(name + ".rgb")))
  }

  @Test(arguments: [("png", 30), ("jpg", 20), ("bmp", 13), ("tif", 35), ("webp", 5)])
  func thereAreFixtures(_ suffix: String, _ count: Int) {
    #expect(PictureFixtures.kinds.filter { $0.hasSuffix("." + suffix) }.count >= count)
  }

  @Test(arguments: [2, 4, 8])
  func decodesAtAFraction(_ part: Int) throws {
    var options = PictureOptions()
    options.enough = (131 / part, 101 / part)
    let file = try PictureFile(PictureFixtures.path("large.jpg"), options)
    #expect(file.reduction == part)
    #expect(file.picture.width == (131 + part - 1) / part && file.picture.height == (101 + part - 1) / part)
    #expect(file.picture.pixels == (try PictureFixtures.bytes("large-\(part).rgb")))
    // One pixel more is too much for it.
    options.enough = (131 / part + 1, 1)
    #expect(try PictureFile(PictureFixtures.path("large.jpg"), options).reduction < part)
  }

  @Test func turnedExtents() throws {
    for orientation in 1...8 {
      let picture = try PictureFile(PictureFixtures.path("kind-turned\(orientation).jpg")).picture
      #expect(picture.width == (orientation < 5 ? 29 : 23) && picture.height == (orientation < 5 ? 23 : 29))
    }
  }

  @Test func resolution() throws {
    let found = try #require(try PictureFile(PictureFixtures.path("kind-inch.jpg")).resolution)
    #expect(abs(found.horizontal - 1e6) < 1e-3 && abs(found.vertical - 5e5) < 1e-3)
    let centimetre = try #require(try PictureFile(PictureFixtures.path("kind-centimetre.tif")).resolution)
    #expect(centimetre.horizontal == 4e7 && centimetre.vertical == 2e7)
    let metre = try #require(try PictureFile(PictureFixtures.path("kind-rgb24.bmp")).resolution)
    #expect(metre.horizontal == 1e5 && metre.vertical == 5e4)
    #expect(try PictureFile(PictureFixtures.path("kind-420.jpg")).resolution == nil)
  }
}
