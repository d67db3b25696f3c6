import Datasets
import Text

/// A line of `pictures.csv`: a picture that a run was given.
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
    // Version 0.1 wrote names as they are, and a comma in one of them separates nothing.
    if fields.count != 3 {
      fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false).map { String($0) }
    }
    guard fields.count == 3, let side = Side(rawValue: fields[0]) else { return nil }
    self.init(side: side, hash: fields[1], name: fields[2])
  }

  /// By bytes: a slash that a combining mark follows is one all the same.
  var label: String { String(name.unicodeScalars.prefix { $0 != "/" }) }

  /// Its names are printable, as they are in `pictures.csv`.
  var entry: Overlap.Entry {
    let name = name.printable
    return Overlap.Entry(
      name: name, label: label.printable, slide: CellFolder.slide(of: PathText.lastComponent(name)), hash: hash)
  }
}
