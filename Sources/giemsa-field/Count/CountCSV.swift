import Giemsa
import Statistics
import Text

/// CSV with the same columns for fields and slides; the first one tells them apart.
enum CountCSV {
  static let header = """
    level,slide,path,fields,red_cells,infected,white_cells,platelets,parasitaemia,low,high,parasites_per_ul,\
    parasites_low,parasites_high,above_none,more_cells

    """

  static func field(_ line: CountedLine, isRaw: Bool) -> String {
    row("field", isRaw, line.slide, line.path, 1, line.result) + ",,\n"
  }

  static func slide(_ line: SlideLine, isRaw: Bool) -> String {
    let above = line.result.prevalence.isAboveNone ? "yes" : "no"
    return row("slide", isRaw, line.slide.name, "", line.slide.fieldCount, line.result)
      + ",\(above),\(line.result.moreCells.map { "\($0)" } ?? "")\n"
  }

  private static func row(
    _ level: String, _ isRaw: Bool, _ slide: String, _ path: String, _ fields: Int, _ result: SlideResult
  ) -> String {
    let (counts, percent, parasites) = (result.counts, result.percent, result.perMicrolitre)
    var text = "\(level),\(CSVText.cell(slide, isRaw: isRaw)),\(CSVText.cell(path, isRaw: isRaw)),\(fields)"
    text += ",\(counts.redCells),\(counts.infected)"
    text += ",\(counts.whiteCells),\(counts.platelets)"
    for value in [percent?.share, percent?.low, percent?.high] { text += "," + number(value, 4) }
    for value in [parasites?.share, parasites?.low, parasites?.high] { text += "," + number(value, 0) }
    return text
  }

  private static func number(_ value: Double?, _ digits: Int) -> String {
    value.map { NumberText.fixed($0, digits) } ?? ""
  }
}
