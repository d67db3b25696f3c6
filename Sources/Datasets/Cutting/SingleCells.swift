import Imaging
import PictureModels
import Smears
import Text

/// Pictures of single cells that somebody else cut out on black, as those of the NIH malaria set are: each is cut again,
/// so that its margin is as wide as that of cells from fields.
public struct SingleCells: CellSource {
  public let classes: [String]
  public let pictures: [(path: String, name: String)]
  public let hasFields = false
  private let labels: [Int]
  private let cut: CellCut
  private let reading: PictureOptions

  /// Largest value of a channel that still counts as black, and so as no part of the cell.
  private static let black: UInt8 = 24

  /// - Parameters:
  ///   - cut: black surroundings: what was around the cells is lost.
  ///   - classes: joins and renames the folder's classes; nil leaves them as they are. Pictures of classes that it does not
  ///     name are left out.
  public init(_ folder: CellFolder, _ cut: CellCut, _ reading: PictureOptions, classes: CategoryClasses?) throws {
    guard cut.surroundings == .black else {
      throw DatasetError("\(folder.path): what was around single cells on black is lost; cut with black surroundings")
    }
    (self.cut, self.reading) = (cut, reading)
    self.classes = classes?.classes ?? folder.classes
    var items: [(path: String, label: Int)] = []
    for item in folder.items {
      guard let label = classes.map({ $0.label(folder.classes[item.label]) }) ?? item.label else { continue }
      items.append((item.path, label))
    }
    labels = items.map { $0.label }
    var names = UniqueNames()
    pictures = items.map { ($0.path, names.unique(PathText.stem($0.path))) }
  }

  public func cells(_ index: Int, _ finder: inout CellFinder) throws -> CutPicture? {
    let path = pictures[index].path
    let file = try PictureFile(path, reading)
    let picture = file.picture
    guard let box = SingleCells.cell(in: picture) else {
      throw DatasetError("\(path): not a cell on black; leave it out, or give fields without --single")
    }
    let cell = FoundCell(
      box: box, kind: .redCell, counted: false, isCut: false, outline: CellOutline(of: box),
      area: Float(box.width * box.height))
    var result = CutPicture(tally: CutTally(classes: classes.count), notes: file.notes)
    result.tally.pictures = 1
    result.cells = [
      CutCell(label: labels[index], picture: cut.cut(cell, from: picture), box: box, isFound: true)
    ]
    return result
  }

  /// The smallest box around all pixels that are not black; nil if there are none, or if more than one corner of the
  /// picture is not black.
  private static func cell(in picture: Picture) -> PixelBox? {
    let (width, height) = (picture.width, picture.height)
    func isBlack(_ x: Int, _ y: Int) -> Bool {
      let at = (y * width + x) * 3
      return picture.pixels[at] <= black && picture.pixels[at + 1] <= black && picture.pixels[at + 2] <= black
    }
    let corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    guard corners.count(where: { isBlack($0.0, $0.1) }) >= 3 else { return nil }
    var (left, right, top, bottom) = (width, -1, height, -1)
    for y in 0..<height {
      for x in 0..<width where !isBlack(x, y) {
        (left, right) = (min(left, x), max(right, x))
        (top, bottom) = (min(top, y), y)
      }
    }
    return right < 0 ? nil : PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }
}
