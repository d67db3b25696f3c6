import Giemsa
import Platform
import Text

/// A field's picture on the page of `--report`, reduced, with the outlines of its cells as an SVG drawing.
struct ReportFigure {
  /// The longer side of a picture on the page, in pixels.
  private let longestSide: Int
  /// Bytes of a figure, beyond which no more details are added.
  private let share: Int
  /// Of all JPEGs.
  private static let quality = 75
  /// Where a field is reduced, cells that a person should look at are kept at their own scale: infected ones, and those with
  /// at least this probability.
  private static let doubtful = 0.1
  /// The longer side of such a detail.
  private static let detailSide = 120
  /// As the page's cards show a cell: 2.5 times its longer side.
  private static let detail = CellCut(margin: 0.75, surroundings: .real)

  /// - Parameter fields: the number of fields on the page. Of more than 120 each is smaller, so that a thousand fit into
  ///   ``ReportFile/room``. A red cell of a usual field is 60 pixels wide, then 20.
  init(fields: Int) {
    let scale = min((120 / Double(max(fields, 1))).squareRoot(), 1)
    longestSide = max(Int(1280 * scale), 400)
    share = ReportFile.room / max(fields, 1)
  }

  /// - Parameter positive: the index of the class of infected cells.
  func svg(_ picture: Picture, _ field: CountedField, positive: Int) throws(ImagingError) -> [UInt8] {
    let longer = max(picture.width, picture.height)
    let scale = longer > longestSide ? Float(longestSide) / Float(longer) : 1
    func side(_ side: Int) -> Int { max(Int((Float(side) * scale).rounded()), 1) }
    let (width, height) = (side(picture.width), side(picture.height))
    guard platform_has_memory(6 * width * max(picture.height, height)) != 0 else {
      throw ImagingError("no memory for the report's picture of \(width) × \(height) pixels")
    }
    var svg = Array("<svg viewBox=\"0 0 \(width) \(height)\" role=\"group\" aria-label=\"Cells\">".utf8)
    let whole = picture.resized(width: width, height: height)
    svg += try ReportFigure.image(whole, "width=\"\(width)\" height=\"\(height)\"")
    var probabilities: [Double?] = []
    for cell in field.cells { probabilities.append(cell.found.counted ? cell.verdict?.probabilities[positive] : nil) }
    var details = [Int?](repeating: nil, count: field.cells.count)
    if scale < 1 { try append(&details, picture, field, probabilities, scale, to: &svg) }
    for (index, cell) in field.cells.enumerated() {
      svg += Array("<path class=\"\(ReportFigure.letter(cell))\"".utf8)
      if let probability = probabilities[index] { svg += Array(" data-p=\"\(NumberText.fixed(probability, 4))\"".utf8) }
      if let detail = details[index] { svg += Array(" data-z=\"\(detail)\"".utf8) }
      append(cell.found.outline, scale, to: &svg)
      svg += Array("/>\n".utf8)
    }
    return svg + Array("</svg>".utf8)
  }

  /// The cells that a person should look at, the most probable ones first, at their own scale in their places.
  ///
  /// - Parameter details: the number of each cell's detail among them.
  private func append(
    _ details: inout [Int?], _ picture: Picture, _ field: CountedField, _ probabilities: [Double?], _ scale: Float,
    to svg: inout [UInt8]
  ) throws(ImagingError) {
    var wanted: [(probability: Double, index: Int)] = []
    for (index, probability) in probabilities.enumerated() {
      guard let probability, field.cells[index].isInfected || probability >= ReportFigure.doubtful else { continue }
      wanted.append((probability, index))
    }
    wanted = wanted.inOrder { $0.probability > $1.probability }
    // An outline takes some 100 bytes.
    let end = share - 100 * field.cells.count
    for (number, cell) in wanted.enumerated() {
      let image = try ReportFigure.detail(of: field.cells[cell.index].found, picture, scale)
      if svg.count + image.count > end { return }
      svg += image
      details[cell.index] = number
    }
  }

  private static func detail(of cell: FoundCell, _ picture: Picture, _ scale: Float) throws(ImagingError) -> [UInt8] {
    let box = detail.rectangle(around: cell.box)
    guard platform_has_memory(6 * box.width * box.height) != 0 else { throw ImagingError("no memory for the report") }
    let cut = detail.cut(cell, from: picture)
    let side = min(box.width, detailSide)
    func number(_ value: Int) -> String { NumberText.fixed(Double(Float(value) * scale), 1) }
    let place = "x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\""
    return try image(cut.resized(width: side, height: side), place + " height=\"\(number(box.height))\"")
  }

  private static func image(_ picture: Picture, _ place: String) throws(ImagingError) -> [UInt8] {
    Array("<image \(place) href=\"data:image/jpeg;base64,".utf8)
      + Base64.encode(try JPEGFile.encode(picture, quality: quality)) + Array("\"/>\n".utf8)
  }

  /// A class of the style sheet: i and r are red cells that count, infected or not; j and o are those that do not.
  private static func letter(_ cell: CountedCell) -> String {
    switch cell.found.kind {
    case .redCell: cell.found.counted ? cell.isInfected ? "i" : "r" : cell.isInfected ? "j" : "o"
    case .whiteCell: "w"
    case .platelet: "p"
    case .other: "x"
    }
  }

  /// ` d="m12 34 1 -2 3 0z"`: steps of whole pixels.
  private func append(_ outline: CellOutline, _ scale: Float, to svg: inout [UInt8]) {
    svg += Array(" d=\"".utf8)
    var (lastX, lastY) = (0, 0)
    for (index, point) in outline.points.enumerated() {
      let (x, y) = (Int((point.x * scale).rounded()), Int((point.y * scale).rounded()))
      if index > 0, x == lastX, y == lastY { continue }
      svg += Array("\(index == 0 ? "m" : " ")\(x - lastX) \(y - lastY)".utf8)
      (lastX, lastY) = (x, y)
    }
    svg += Array((outline.points.isEmpty ? "\"" : "z\"").utf8)
  }
}
