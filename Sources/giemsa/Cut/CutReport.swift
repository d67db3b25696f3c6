import Datasets
import PictureModels
import Reports
import Text

/// What `giemsa cut` says at its end.
struct CutReport {
  private let classes: [String]
  private let result: CutFolder.Result

  private let out: String
  private let cut: CellCut

  init(_ classes: [String], _ result: CutFolder.Result, out: String, cut: CellCut) {
    (self.classes, self.result, self.out, self.cut) = (classes, result, out, cut)
  }

  /// With boxes: a table of boxes, matched and missed ones, of found cells, and F1.
  func lines(hasBoxes: Bool) -> [String] {
    (hasBoxes ? table + remarks : []) + [written]
  }

  private var table: [String] {
    let tally = result.tally
    var rows = [["class", "boxes", "matched", "missed", "found", "F1"]]
    for (label, name) in classes.enumerated() {
      let (boxes, matched) = (tally.boxes[label], tally.matched[label])
      rows.append([name, "\(boxes)", "\(matched)", "\(boxes - matched)", "", ""])
    }
    rows.append([
      "all", "\(tally.allBoxes)", "\(tally.allMatched)", "\(tally.allBoxes - tally.allMatched)", "\(tally.found)",
      tally.f1.map { NumberText.fixed($0, 3) } ?? "",
    ])
    return AlignedColumns.lines(rows, left: [0])
  }

  private var remarks: [String] {
    let tally = result.tally
    var lines = ["\(counted(tally.unmatched - tally.unmatchedCut, "found cell")) without a box left out"]
    if tally.unmatchedCut > 0 {
      lines[0] += ", \(counted(tally.unmatchedCut, "other")) taken for one of the class of --unmatched"
    }
    if !tally.leftOut.isEmpty {
      let categories = tally.leftOut.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.key.printable) \($0.value)" }
      let boxes = tally.leftOut.values.reduce(0, +)
      lines.append(
        "\(counted(boxes, "box", "boxes")) of no class left out (\(categories.joined(separator: ", "))), with "
          + "\(counted(tally.foundLeftOut, "found cell"))")
    }
    return lines
  }

  private var written: String {
    let cells = counted(result.written.reduce(0, +), "cell")
    let parts = zip(classes, result.written).filter { $1 > 0 }.map { "\($0.printable) \($1)" }
    let list = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    return "\(cells)\(list) of \(counted(result.tally.pictures, "picture")) in \(out.printable), cut as '\(cut.text)'"
  }
}
