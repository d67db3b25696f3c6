import ModelGraph
import Text

/// What somebody who is handed a model should know of it, as Markdown: what it learnt from, how, how good it is and where
/// that ends. After M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019. Nothing in it that the program did
/// not see for itself.
public struct ModelCard: Sendable {
  public struct ClassCount: Sendable {
    public var name: String
    public var train: Int
    public var valid: Int

    public init(name: String, train: Int, valid: Int) {
      self.name = name
      self.train = train
      self.valid = valid
    }
  }

  /// `resnet34`.
  public var name: String
  /// `0.1.0`, and a day: `2026-11-24`.
  public var version: String
  public var date: String
  public var counts: [ClassCount] = []
  /// Slides trained on and kept back; nil where names do not tell.
  public var slides: (train: Int, valid: Int)?
  /// Of all pictures with their classes.
  public var dataHash = ""
  /// How pictures were kept back, and what stands on both sides all the same.
  public var split = ""
  public var warnings: [String] = []
  public var recipe: [(name: String, value: String)] = []
  /// The network's answers to what was kept back.
  public var report: EvaluationReport
  /// Which epoch's network it is, and of how many; counted from 0.
  public var bestEpoch: Int?
  public var epochs = 0
  /// 0...1.
  public var lastAccuracy: Double?

  public init(name: String, version: String, date: String, report: EvaluationReport) {
    self.name = name
    self.version = version
    self.date = date
    self.report = report
  }

  public var text: String {
    let classes = report.classes.map { Self.plain($0) }.joined(separator: ", ")
    var text = "# Model card: \(Self.plain(name)), \(classes)\n\nGiemsa \(version), \(date)\n"
    text += "\n## Data\n\n" + Self.table(["class", "trained on", "kept back"], data)
    if let slides { text += "\nSlides (told by the names): \(slides.train) trained on, \(slides.valid) kept back.\n" }
    if !dataHash.isEmpty {
      text += "\nSHA-256 of the pictures' hashes and classes: `\(dataHash)`\n"
    }
    text += "\n## Split\n\n\(Self.plain(split)).\n"
    for warning in warnings { text += "\n**\(Self.plain(warning))**\n" }
    text += "\n## Recipe\n\n" + recipe.map { "- \(Self.plain($0.name)): \(Self.plain($0.value))\n" }.joined()
    text += "\n## Results on what was kept back\n\n" + results
    return text + "\n## Use and limits\n\n" + limits
  }

  /// A card's text with another positive class: of two classes the same rates, under other names. nil where that cannot be
  /// told from the text.
  ///
  /// - Parameter from: the class that the card calls positive; nil: it calls none so.
  public static func renamed(_ text: String, _ classes: [String], from: Int?, to: PositiveClass?) -> String? {
    if from == to?.index { return text }
    guard classes.count == 2 else { return nil }
    func names(_ index: Int?, _ first: Int) -> [String] {
      let words = RateWords(classes, index: first, isKnown: index != nil)
      return [words.sensitivity, words.specificity, words.positivePredictive, words.negativePredictive].map {
        "| \(plain($0)) |"
      }
    }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    let first = from ?? 0
    let old = names(from, first)
    // The rates of the class that is told first now were told second where the other was.
    let new = names(to?.index, first == (to?.index ?? first) ? first : 1 - first)
    let places = old.map { name in lines.indices.filter { lines[$0].hasPrefix(name) } }
    guard places.allSatisfy({ $0.count == 1 }) else { return nil }
    let isSwapped = (to?.index ?? first) != first
    let values = places.enumerated().map { String(lines[$1[0]].dropFirst(old[$0].count)) }
    for place in 0..<4 {
      lines[places[place][0]] = new[place] + values[isSwapped ? [1, 0, 3, 2][place] : place]
    }
    let told = plain(PositiveClass.told(to, of: classes)) + "."
    let said = lines.indices.filter {
      lines[$0].hasPrefix("positive class: ") || lines[$0].hasPrefix("no positive class: ")
    }
    guard said.count == 1 else { return nil }
    lines[said[0]] = told
    let (sure, unsure) = ("- Predictive values hold where", "- Precisions hold where")
    return lines.map { line in
      for word in [sure, unsure] where line.hasPrefix(word) {
        return (to == nil ? unsure : sure) + line.dropFirst(word.count)
      }
      return line
    }.joined(separator: "\n")
  }

  private var data: [[String]] {
    let sums = (counts.reduce(0) { $0 + $1.train }, counts.reduce(0) { $0 + $1.valid })
    return counts.map { [Self.plain($0.name), "\($0.train)", "\($0.valid)"] } + [["all", "\(sums.0)", "\(sums.1)"]]
  }

  private var results: String {
    var text = ""
    if let bestEpoch {
      text +=
        "Epoch \(bestEpoch) of \(epochs) (counted from 0), chosen by its loss on these same cells, which flatters "
      text += "the numbers a little"
      if let lastAccuracy { text += "; the last epoch's accuracy is \(percent(lastAccuracy))" }
      text += ".\n\n"
    }
    text += Self.plain(report.toldPositive) + ".\n\n"
    text += Self.table(["rate", "cells", "value", "95 % by cell", "95 % by slide"], rateRows)
    let names = report.classes.map { Self.plain($0) }
    let matrix = names.indices.map { row in [names[row]] + report.matrix.counts[row].map { "\($0)" } }
    return text + "\n" + Self.table(["actual \\ predicted"] + names, matrix)
      + "\nIntervals: Wilson's; by slide, for the number of unrelated cells that say as much (Rao and Scott, 1992).\n"
  }

  /// The model's own answers: of two classes all five rates; of more each class's recall, and accuracy.
  private var rateRows: [[String]] {
    func row(_ name: String, _ share: ClusteredShare) -> [String] {
      let value = percent(share.share)
      return [
        Self.plain(name), "\(share.hits) of \(share.count)", value, HTML.byCell(share), HTML.bySlide(share),
      ]
    }
    let (classes, positive) = (report.classes, report.positive)
    if classes.count == 2 {
      let label = positive?.index ?? 0
      let words = RateWords(classes, index: label, isKnown: positive != nil)
      return report.rates(label).all(words).map { row($0.name, $0.share) }
    }
    var rows: [[String]] = []
    if let positive {
      let words = RateWords(classes, index: positive.index, isKnown: true)
      rows += report.rates(positive.index).all(words).prefix(4).map { row($0.name, $0.share) }
    }
    for (label, name) in classes.enumerated() { rows.append(row("Recall of \(name)", report.rates(label).sensitivity)) }
    return rows + [row("Accuracy", report.accuracy)]
  }

  private var limits: String {
    let names = report.classes.map { Self.plain($0) }.joined(separator: ", ")
    let values = report.positive == nil ? "Precisions" : "Predictive values"
    return """
      - For pictures of single objects like those it was trained on, prepared as the file's metadata say.
      - It answers one of \(names), whatever it is shown; it cannot say that a picture is something else.
      - The results are of one collection. How it does on other microscopes, stains, cameras and laboratories was not \
      measured: measure it there before relying on it.
      - \(values) hold where the classes are as frequent as among the cells kept back.
      - A research tool, not a medical device: no diagnosis should rest on it alone.

      """
  }

  private func percent(_ share: Double?) -> String {
    share.map { $0.isFinite ? "\(NumberText.fixed($0 * 100, 2)) %" : "-" } ?? "-"
  }

  /// Without what Markdown or HTML would take for its own. By scalars: a mark of Markdown that an accent follows is one
  /// all the same.
  static func plain(_ text: String) -> String {
    let lines = String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\n" || $0 == "\r" ? " " : $0 }))
    var plain = String.UnicodeScalarView()
    for scalar in lines.printable.unicodeScalars {
      switch scalar {
      case "&": plain.append(contentsOf: "&amp;".unicodeScalars)
      case "<": plain.append(contentsOf: "&lt;".unicodeScalars)
      case ">": plain.append(contentsOf: "&gt;".unicodeScalars)
      case "|", "*", "`", "\\", "[", "]", "!", "#", "~", "_":
        plain.append("\\")
        plain.append(scalar)
      default: plain.append(scalar)
      }
    }
    return String(plain)
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
    return line(header) + line(header.indices.map { $0 == 0 ? "---" : "---:" }) + rows.map { line($0) }.joined()
  }
}
