import Giemsa
import Statistics
import Text

/// JSON lines: one for each field, then one for each slide.
struct CountJSON {
  let stamp: CountStamp

  func field(_ line: CountedLine) -> String {
    let field = line.field
    var text = "{\"path\": \(JSONText.quoted(line.path)), \"width\": \(field.width), \"height\": \(field.height)"
    text += ", \"slide\": \(JSONText.quoted(line.slide)), \"cells\": ["
    for (index, cell) in field.cells.enumerated() { text += (index > 0 ? ", " : "") + CountJSON.cell(cell) }
    text += "], " + CountJSON.counts(line.result)
    return text + ", " + stamp.json + "}\n"
  }

  private static func cell(_ cell: CountedCell) -> String {
    let box = cell.found.box
    var text = "{\"box\": [\(box.x), \(box.y), \(box.width), \(box.height)], \"kind\": \"\(cell.found.kind.name)\""
    if let verdict = cell.verdict {
      text += ", \"class\": \(JSONText.quoted(verdict.className))"
      text += ", \"probability\": \(NumberText.fixed(verdict.probability, 6))"
    }
    return text + ", \"counted\": \(cell.found.counted ? "true" : "false")}"
  }

  func slide(_ line: SlideLine) -> String {
    let (result, prevalence) = (line.result, line.result.prevalence)
    var text = "{\"slide\": \(JSONText.quoted(line.slide.name)), \"fields\": \(line.slide.fieldCount), "
    text += CountJSON.counts(result)
    text += ", \"observed\": \(CountJSON.number(prevalence.observed.share.map { $0 * 100 }, 4))"
    text += ", \"corrected\": \(prevalence.rates == nil ? "false" : "true")"
    text += ", \"designEffect\": \(CountJSON.number(prevalence.observed.designEffect, 3))"
    text += ", \"aboveNone\": \(prevalence.isAboveNone ? "true" : "false")"
    text += ", \"moreCells\": \(result.moreCells.map { "\($0)" } ?? "null")"
    return text + ", " + stamp.json + "}\n"
  }

  private static func counts(_ result: SlideResult) -> String {
    let counts = result.counts
    var text = "\"redCells\": \(counts.redCells), \"infected\": \(counts.infected)"
    text += ", \"whiteCells\": \(counts.whiteCells), \"platelets\": \(counts.platelets)"
    let (percent, parasites) = (result.percent, result.perMicrolitre)
    text += ", \"parasitaemia\": \(CountJSON.number(percent?.share, 4))"
    text += ", \"interval\": [\(CountJSON.number(percent?.low, 4)), \(CountJSON.number(percent?.high, 4))]"
    text += ", \"parasitesPerMicrolitre\": \(CountJSON.number(parasites?.share, 0))"
    return text
      + ", \"parasitesInterval\": [\(CountJSON.number(parasites?.low, 0)), \(CountJSON.number(parasites?.high, 0))]"
  }

  private static func number(_ value: Double?, _ digits: Int) -> String {
    value.map { NumberText.fixed($0, digits) } ?? "null"
  }
}
