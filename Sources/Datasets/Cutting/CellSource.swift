import Imaging
import Smears

/// Where ``CutFolder`` gets cells from: whole fields (``FieldCutter``) or pictures of single cells (``SingleCells``).
public protocol CellSource: Sendable {
  /// The names of the classes, which become those of folders.
  var classes: [String] { get }
  /// The pictures, and a name for each that the files of its cells begin with.
  var pictures: [(path: String, name: String)] { get }
  /// Whether a picture has several cells, whose files are numbered then.
  var hasFields: Bool { get }

  /// The cells of a picture; nil if the picture is to be left out because the annotations do not have it.
  ///
  /// - Parameter finder: the calling thread's own, which keeps its memory from field to field.
  func cells(_ index: Int, _ finder: inout CellFinder) throws -> CutPicture?
}

/// The cells of one picture.
public struct CutPicture: Sendable {
  public var cells: [CutCell] = []
  public var tally: CutTally
  public var notes: [PictureNote] = []
}

/// One cell, cut out.
public struct CutCell: Sendable {
  /// Index into ``CellSource/classes``.
  public var label: Int
  public var picture: Picture
  /// Where the cell is in the picture that it was cut from.
  public var box: PixelBox
  /// False if an annotated box shows the cell, but the program did not find it.
  public var isFound: Bool
}
