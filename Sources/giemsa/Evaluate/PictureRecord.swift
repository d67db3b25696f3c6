import Datasets
import Text

/// One line of `pictures.csv`: a picture of a run and its side of the split.
struct PictureRecord {
  enum Side: String { case train, valid }

  var side: Side
  /// ``PictureHash`` of its pixels.
  var hash: String
  /// `CLASS/FILE`.
  var name: String

  static let header = "side,hash,picture"

  var line: String { "\(side.rawValue),\(hash),\(CSVText.cell(name))" }

  init(side: Side, hash: String, name: String) {
    self.side = side
    self.hash = hash
    self.name = name
  }

  init?(line: some StringProtocol) {
    var fields = CSVText.cells(String(line)) ?? []
    // Version 0.1 wrote names unquoted, so a comma in a name is part of the name.
    if fields.count != 3 {
      fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false).map { String($0) }
    }
    guard fields.count == 3, let side = Side(rawValue: fields[0]) else { return nil }
    self.init(side: side, hash: fields[1], name: fields[2])
  }

  /// The class, up to the first slash scalar: a slash counts even if a combining mark follows it.
  var label: String { String(name.unicodeScalars.prefix { $0 != "/" }) }

  /// The record for overlap checks, with printable names as in `pictures.csv`.
  var entry: Overlap.Entry {
    let name = name.printable
    return Overlap.Entry(
      name: name, label: label.printable, slide: CellFolder.slide(of: PathText.lastComponent(name)), hash: hash)
  }
}
