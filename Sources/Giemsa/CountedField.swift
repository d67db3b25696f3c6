import Imaging
import Smears

/// The cells of a field, found and judged.
public struct CountedField: Sendable {
  /// Extents of the picture as displayed, in pixels.
  public let width: Int
  public let height: Int
  /// From top to bottom and from left to right.
  public internal(set) var cells: [CountedCell]
  /// What a person should know of the field, and of its file.
  public let notes: [FieldNote]
  public internal(set) var pictureNotes: [PictureNote] = []

  init(width: Int, height: Int, found: FoundField) {
    self.width = width
    self.height = height
    notes = found.notes
    cells = found.cells.map { CountedCell(found: $0) }
  }

  /// Red cells that the counting frame counts, and those of them that are infected.
  public var redCells: Int { counted(.redCell) }
  public var infected: Int { cells.reduce(0) { $0 + ($1.found.counted && $1.isInfected ? 1 : 0) } }
  public var whiteCells: Int { counted(.whiteCell) }
  public var platelets: Int { counted(.platelet) }

  private func counted(_ kind: CellKind) -> Int {
    cells.reduce(0) { $0 + ($1.found.counted && $1.found.kind == kind ? 1 : 0) }
  }
}

/// A found cell and the model's verdict.
public struct CountedCell: Sendable {
  /// The model may find that what looked like a small white cell is a red cell full of parasites.
  public internal(set) var found: FoundCell
  /// nil for all but red cells.
  public internal(set) var verdict: Classification?
  public internal(set) var isInfected = false

  init(found: FoundCell) { self.found = found }
}
