import Imaging
import PictureModels
import Smears
import Testing

@Suite struct CellCutTests {
  private static let cell = FoundCell(
    box: PixelBox(x: 2, y: 3, width: 4, height: 2), kind: .redCell, counted: true, isCut: false,
    outline: CellOutline(points: [
      .init(x: 2, y: 3), .init(x: 6, y: 3), .init(x: 6, y: 4), .init(x: 4, y: 4), .init(x: 4, y: 5), .init(x: 2, y: 5),
    ]), area: 6)

  /// Red is the column, green the row.
  private static let picture: Picture = {
    var picture = Picture(width: 8, height: 7)
    for index in 0..<56 {
      picture.pixels[3 * index] = UInt8(index % 8 + 1)
      picture.pixels[3 * index + 1] = UInt8(index / 8 + 1)
    }
    return picture
  }()

  @Test func realSurroundingsMakeASquare() {
    let cut = CellCut(margin: 0.25).cut(Self.cell, from: Self.picture)
    #expect(cut.width == 6 && cut.height == 6)
    #expect(cut.pixels[0] == 2 && cut.pixels[1] == 2)
    #expect(cut.pixels[cut.pixels.count - 3] == 7 && cut.pixels[cut.pixels.count - 2] == 7)
  }

  @Test func beyondThePictureItsLastPixelsRepeat() {
    let cut = CellCut(margin: 1).cut(Self.cell, from: Self.picture)
    #expect(cut.width == 12 && cut.height == 12)
    #expect(Array(cut.pixels[0..<2]) == [1, 1])
    #expect(Array(cut.pixels[(cut.pixels.count - 3)..<(cut.pixels.count - 1)]) == [8, 7])
  }

  @Test func blackSurroundingsFollowTheOutline() {
    let cut = CellCut(margin: 0.25, surroundings: .black).cut(Self.cell, from: Self.picture)
    #expect(cut.width == 6 && cut.height == 4)
    var inside: [Int] = []
    for index in 0..<24 where cut.pixels[3 * index] != 0 { inside.append(index) }
    #expect(inside == [7, 8, 9, 10, 13, 14])
  }

  @Test func spansOfAConcaveOutline() {
    let outline = CellOutline(points: [
      .init(x: 0, y: 0), .init(x: 10, y: 0), .init(x: 10, y: 4), .init(x: 7, y: 4), .init(x: 7, y: 2),
      .init(x: 3, y: 2),
      .init(x: 3, y: 4), .init(x: 0, y: 4),
    ])
    #expect(outline.spans(row: 0) == [0..<10])
    #expect(outline.spans(row: 3) == [0..<3, 7..<10])
    #expect(outline.spans(row: 4) == [])
  }
}
