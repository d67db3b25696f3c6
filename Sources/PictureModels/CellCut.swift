import Platform
import Text

/// How the pictures of single cells that a model takes are cut out of fields: key `giemsa.cell` (docs/METADATA.md), two
/// words such as `real 0.15`. `Smears` cuts them.
public struct CellCut: Sendable, Equatable {
  public enum Surroundings: String, Sendable {
    /// What is around the cell in the field stays: the cut is a square.
    case real
    /// All outside the cell's outline is black: the cut is a rectangle, as the cells of the NIH set are.
    case black
  }

  /// Width of the margin around the cell's box on each side, as a fraction of the box's longer side.
  public var margin: Float
  public var surroundings: Surroundings

  public static let marginLimit: Float = 4

  public init(margin: Float = 0, surroundings: Surroundings = .real) {
    self.margin = margin
    self.surroundings = surroundings
  }

  /// Reads ``text``; nil if it is malformed.
  public init?(_ text: String) {
    let words = Array(text.utf8).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard words.count == 2, let surroundings = Surroundings(rawValue: words[0]),
      let margin = NumberText.parse(words[1]), margin >= 0, margin <= Double(CellCut.marginLimit)
    else { return nil }
    self.init(margin: Float(margin), surroundings: surroundings)
  }

  /// `real 0.15`: the margin to a thousandth.
  public var text: String {
    "\(surroundings.rawValue) \(NumberText.shortest((Double(margin) * 1000).rounded() / 1000))"
  }
}
