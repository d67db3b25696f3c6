import Giemsa
import Statistics
import Text

/// The table for people: a line for each field as it is counted, then the slides.
struct CountTable {
  /// Width of the longest path in columns.
  let pathWidth: Int

  var header: String {
    AnswerFormat.pad("field", pathWidth) + "  red cells  infected  white cells  parasitaemia (95 % interval)\n"
  }

  func field(_ line: CountedLine) -> String {
    let counts = line.result.counts
    var text = AnswerFormat.pad(line.path.printable, pathWidth) + CountTable.right(counts.redCells, 11)
    text += CountTable.right(counts.infected, 10) + CountTable.right(counts.whiteCells, 13)
    return text + "  " + CountTable.percent(line.result) + "\n"
  }

  private static func right(_ value: Int, _ width: Int) -> String {
    let digits = Quantity.grouped(value)
    return String(repeating: " ", count: max(width - digits.utf8.count, 1)) + digits
  }

  /// `1.54 % (1.02 – 2.31)`
  static func percent(_ result: SlideResult) -> String {
    percents(result).map { "\($0.share) % (\($0.low) – \($0.high))" } ?? "no red cells"
  }

  /// The parasitaemia in percent, and the ends of its interval; nil if there are no red cells.
  static func percents(_ result: SlideResult) -> (share: String, low: String, high: String)? {
    guard let percent = result.percent else { return nil }
    // Two digits that count.
    let digits = percent.high >= 10 ? 1 : percent.high >= 0.1 ? 2 : 4
    func text(_ value: Double) -> String { NumberText.fixed(value, digits) }
    return (text(percent.share), text(percent.low), text(percent.high))
  }

  /// The slides' table, and a sentence for each slide on what the numbers mean.
  static func slides(_ lines: [SlideLine]) -> String {
    var table = TextTable([
      ("slide", .left), ("fields", .right), ("red cells", .right), ("infected", .right), ("white cells", .right),
      ("parasitaemia (95 % interval)", .left), ("parasites/µL", .left),
    ])
    table.rule()
    for line in lines {
      let counts = line.result.counts
      table.add([
        line.slide.name, Quantity.grouped(line.slide.fieldCount), Quantity.grouped(counts.redCells),
        Quantity.grouped(counts.infected), Quantity.grouped(counts.whiteCells), percent(line.result),
        parasites(line.result).map { "\($0.share) (\($0.low) – \($0.high))" } ?? "–",
      ])
    }
    var text = table.text
    for line in lines {
      if let meaning = meaning(line.result) { text += "\n" + line.slide.name.printable + ": " + meaning }
    }
    return text + (text.utf8.last == UInt8(ascii: "\n") ? "" : "\n")
  }

  /// Parasites in a microlitre, and the ends of the interval; nil if there are no red cells.
  static func parasites(_ result: SlideResult) -> (share: String, low: String, high: String)? {
    guard let parasites = result.perMicrolitre else { return nil }
    func text(_ value: Double) -> String { Quantity.grouped(rounded(value, like: parasites.high)) }
    return (text(parasites.share), text(parasites.low), text(parasites.high))
  }

  /// To the thousandth of the power of ten of `scale`: more digits would say nothing.
  private static func rounded(_ value: Double, like scale: Double) -> Int {
    var step = 1.0
    while step * 1000 < scale { step *= 10 }
    return Int(min((value / step).rounded() * step, 1e15))
  }

  /// What the numbers of a slide mean, if there is something to say.
  static func meaning(_ result: SlideResult) -> String? {
    guard result.percent != nil else { return nil }
    let isAbove = result.prevalence.isAboveNone
    var text = isAbove ? "" : "not distinguishable from none"
    if !isAbove, result.counts.infected > 0, result.prevalence.rates != nil {
      text += ": the model's false positives alone may give as many"
    }
    let digits = "\(Int(ResultRules.precision * 100))"
    switch result.moreCells {
    case 0?: break
    case let more?: text += (text.isEmpty ? "" : "; ") + "±\(digits) % takes \(Quantity.grouped(more)) more red cells"
    case nil where isAbove:
      text += "no number of cells gives ±\(digits) %: the model's sensitivity and specificity are too uncertain"
    case nil: break
    }
    return text.isEmpty ? nil : text
  }
}
