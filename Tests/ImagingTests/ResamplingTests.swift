import Imaging
import Testing

@Suite struct ResamplingTests {
  /// Byte-identical to Pillow's `resize(size, Image.BILINEAR)`: reduction and enlargement, along one axis and both.
  @Test(arguments: PictureFixtures.names("size-", ".rgb"))
  func resizesAsPillowDoes(_ name: String) throws {
    let size = name.dropFirst("size-".count).dropLast(".rgb".count).split(separator: "x").compactMap { Int($0) }
    try #require(size.count == 2)
    let picture = try PictureFile(PictureFixtures.path("cell.png")).picture.resized(width: size[0], height: size[1])
    #expect(picture.pixels == (try PictureFixtures.bytes(name)))
  }

  /// Pillow 13 swaps the passes for this size.
  @Test func agreesWithEveryPillow() throws {
    let ours = try PictureFile(PictureFixtures.path("cell.png")).picture.resized(width: 128, height: 31).pixels
    let theirs = try PictureFixtures.bytes("direct-128x31.rgb")
    #expect(ours.count == theirs.count && zip(ours, theirs).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test func thereAreFixtures() { #expect(PictureFixtures.names("size-", ".rgb").count == 8) }

  @Test func aConstantStaysConstant() {
    let grey = Picture(width: 37, height: 53, pixels: [UInt8](repeating: 201, count: 37 * 53 * 3))
    for size in [1, 2, 36, 37, 64, 500] {
      #expect(grey.resized(width: size, height: size + 3).pixels.allSatisfy { $0 == 201 })
    }
  }

  @Test func cropsTheMiddle() {
    // Each column has its own value. As in torchvision's CenterCrop: round(half), ties to even.
    let row = Picture(width: 7, height: 1, pixels: (0..<21).map { UInt8($0 / 3) })
    #expect(row.cropped(width: 3, height: 1).pixels.first == 2)
    #expect(row.cropped(width: 4, height: 1).pixels.first == 2)  // round(1.5) = 2
    #expect(row.cropped(width: 6, height: 1).pixels.first == 0)  // round(0.5) = 0
    #expect(row.cropped(width: 99, height: 99) == row)
  }

  @Test func shorterSide() {
    let wide = Picture(width: 100, height: 33).resized(shorterSide: 16)
    #expect(wide.width == 48 && wide.height == 16)
    let tall = Picture(width: 33, height: 100).resized(shorterSide: 16)
    #expect(tall.width == 16 && tall.height == 48)
  }
}
