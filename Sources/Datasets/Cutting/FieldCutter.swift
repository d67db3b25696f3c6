import Imaging
import PictureModels
import Smears

/// Cuts cells out of fields: those that `CellFinder` finds, which are the cells that `giemsa-field count` judges.
///
/// With annotated boxes, a found cell takes the class of the box that it matches, and a box that no found cell matches is
/// cut as well. Found cells that match no box are left out, or belong to a class that is named for them. Without boxes a
/// cell's class is the kind that the finder says it is.
public struct FieldCutter: CellSource {
  public let classes: [String]
  public let pictures: [(path: String, name: String)]
  public let hasFields = true
  private let cut: CellCut
  private let reading: PictureOptions
  private let annotations: (set: AnnotationSet, classes: CategoryClasses)?
  private let unmatchedLabel: Int?

  private static let kinds: [CellKind] = [.redCell, .whiteCell, .platelet]

  /// - Parameters:
  ///   - pictures: the fields with a name for each, as ``FieldNames`` makes them.
  ///   - annotations: boxes, and which class a box's category belongs to.
  ///   - unmatched: the index of the class of red cells within the counting frame that match no box; nil: they are left
  ///     out.
  public init(
    _ pictures: [(path: String, name: String)], _ cut: CellCut, _ reading: PictureOptions,
    annotations: (set: AnnotationSet, classes: CategoryClasses)?, unmatched: Int? = nil
  ) {
    (self.pictures, self.cut, self.reading, self.annotations) = (pictures, cut, reading, annotations)
    unmatchedLabel = unmatched
    classes = annotations?.classes.classes ?? FieldCutter.kinds.map { $0.name }
  }

  public func cells(_ index: Int, _ finder: inout CellFinder) throws -> CutPicture? {
    let path = pictures[index].path
    var field: Int?
    if let annotations {
      field = try annotations.set.field(of: path)
      if field == nil { return nil }
    }
    let file = try PictureFile(path, reading)
    let picture = file.picture
    let found = try finder.find(in: picture).cells.filter { $0.kind != .other }
    var result = CutPicture(tally: CutTally(classes: classes.count), notes: file.notes)
    result.tally.pictures = 1
    guard let annotations, let field else {
      for cell in found {
        guard let label = FieldCutter.kinds.firstIndex(of: cell.kind) else { continue }
        result.tally.found += cell.kind == .redCell ? 1 : 0
        result.cells.append(
          CutCell(label: label, picture: cut.cut(cell, from: picture), box: cell.box, isFound: true))
      }
      return result
    }
    let boxes = try annotations.set.boxes(field, width: picture.width, height: picture.height)
    let labels = boxes.map { annotations.classes.label($0.category) }
    let matching = BoxMatching(found: found.map { AnnotatedBox(around: $0) }, annotated: boxes)
    for (cell, match) in zip(found, matching.annotated) {
      var label = match.flatMap { labels[$0] }
      if match == nil, cell.kind == .redCell, cell.counted, let unmatchedLabel {
        label = unmatchedLabel
        result.tally.unmatchedCut += 1
      }
      if let label {
        result.cells.append(
          CutCell(label: label, picture: cut.cut(cell, from: picture), box: cell.box, isFound: true))
      }
      // White cells and platelets that nobody boxed are no mistakes: the annotations may be of red cells only.
      if cell.kind == .redCell || match.flatMap({ labels[$0] }) != nil {
        result.tally.add(found: match, label: match.flatMap { labels[$0] })
      }
    }
    for (index, box) in boxes.enumerated() {
      guard let label = labels[index] else {
        result.tally.leftOut[box.category, default: 0] += 1
        continue
      }
      result.tally.boxes[label] += 1
      if matching.found[index] != nil { continue }
      let cell = FoundCell(boxed: box)
      result.cells.append(
        CutCell(label: label, picture: cut.cut(cell, from: picture), box: cell.box, isFound: false))
    }
    return result
  }
}

extension AnnotatedBox {
  init(around cell: FoundCell) {
    self.init(
      cell.kind.name, x: Double(cell.box.x), y: Double(cell.box.y), width: Double(cell.box.width),
      height: Double(cell.box.height))
  }
}

extension FoundCell {
  /// A cell of which only a box is known: its outline is the ellipse that fills the box.
  ///
  /// - Parameter box: within the picture.
  init(boxed box: AnnotatedBox) {
    let (left, top) = (Int(box.x.rounded(.down)), Int(box.y.rounded(.down)))
    let pixels = PixelBox(
      x: left, y: top, width: max(Int((box.x + box.width).rounded(.up)) - left, 1),
      height: max(Int((box.y + box.height).rounded(.up)) - top, 1))
    self.init(
      box: pixels, kind: .redCell, counted: false, isCut: false, outline: CellOutline(ellipseIn: pixels),
      area: Float.pi / 4 * Float(pixels.width * pixels.height))
  }
}
