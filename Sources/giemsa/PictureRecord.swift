import Datasets

/// A line of `pictures.csv`: a picture that a run was given.
struct PictureRecord {
  enum Side: String { case train, valid }

  var side: Side
  /// ``PictureHash`` of its pixels.
  var hash: String
  /// `CLASS/FILE`.
  var name: String

  static let header = "side,hash,picture"

  /// Names stand last, so that a comma in one of them separates nothing.
  var line: String { "\(side.rawValue),\(hash),\(name)" }

  init(side: Side, hash: String, name: String) {
    self.side = side
    self.hash = hash
    self.name = name
  }

  init?(line: some StringProtocol) {
    let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, let side = Side(rawValue: String(fields[0])) else { return nil }
    self.init(side: side, hash: String(fields[1]), name: String(fields[2]))
  }

  var label: String { String(name.split(separator: "/").first ?? "") }
  var entry: Overlap.Entry {
    let file = String(name.split(separator: "/").last ?? "")
    return Overlap.Entry(name: name, slide: CellFolder.slide(of: file), hash: hash)
  }
}
