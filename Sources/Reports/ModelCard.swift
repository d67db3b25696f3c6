import ModelGraph
import Statistics
import Text

/// A model card in Markdown, for whoever receives the model: training data, recipe, results and limits. After M.
/// Mitchell et al., "Model Cards for Model Reporting", FAT* 2019. It contains only facts that the program has
/// established itself.
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

  /// The architecture: `resnet34`.
  public var name: String
  /// Giemsa's version (`0.1.0`) and a date (`2026-11-24`).
  public var version: String
  public var date: String
  public var counts: [ClassCount] = []
  /// Number of training and validation slides; nil if the names do not show slides.
  public var slides: (train: Int, valid: Int)?
  /// Hash of all pictures with their classes.
  public var dataHash = ""
  /// How validation pictures were chosen, and warnings about pictures or slides on both sides.
  public var split = ""
  public var warnings: [String] = []
  public var recipe: [(name: String, value: String)] = []
  /// The network's answers for the validation pictures.
  public var report: EvaluationReport
  /// Average precision of the best epoch, if it was chosen by it; nil: by its loss.
  public var averagePrecision: Double?
  /// What the report's threshold was chosen for on the validation pictures: `f1`; nil if there is none.
  public var thresholdFor: String?
  /// The epoch of the network, counted from 0, and the number of epochs.
  public var bestEpoch: Int?
  public var epochs = 0
  /// Accuracy of the last epoch, 0...1.
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
    text += "\n## Data\n\n" + Self.table(["class", "training", "validation"], data)
    if let slides {
      text += "\nSlides (from the file names): \(slides.train) for training, \(slides.valid) for validation.\n"
    }
    if !dataHash.isEmpty {
      text += "\n\(Self.dataHashSentence)\(dataHash)`\n"
    }
    text += "\n## Split\n\n\(Self.plain(split)).\n"
    for warning in warnings { text += "\n**\(Self.plain(warning))**\n" }
    text += "\n## Recipe\n\n" + recipe.map { "- \(Self.plain($0.name)): \(Self.plain($0.value))\n" }.joined()
    text += "\n## Results on the validation set\n\n" + results
    return text + "\n\(Self.limitsHeading)\n\n" + limits
  }

  /// The text of a card with another positive class: for two classes the same rates under other names. nil if that
  /// cannot be derived from the text.
  ///
  /// - Parameter from: the positive class in the card; nil if it has none.
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
    // The class that is listed first now was listed second, if the positive class has changed.
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
      text += "Epoch \(bestEpoch) of \(epochs) (counted from 0), chosen by its "
      text += averagePrecision.map { "average precision (\(NumberText.fixed($0, 4)))" } ?? "loss"
      text += " on these same cells, which makes "
      text += "the numbers slightly optimistic"
      if let lastAccuracy { text += "; the last epoch's accuracy is \(percent(lastAccuracy))" }
      text += ".\n\n"
    }
    text += Self.plain(PositiveClass.told(report.positive, of: report.classes)) + ".\n\n"
    if let threshold = report.threshold, let positive = report.positive {
      text += "A picture counts as \(Self.plain(report.classes[positive.index])) from a probability of "
      text += "\(NumberText.fixed(threshold, 4)) on. This threshold was chosen on these same cells"
      if let thresholdFor { text += " for \(Self.plain(thresholdFor))" }
      text += ", which makes the numbers slightly optimistic.\n\n"
    }
    text += Self.table(Self.rateColumns, rateRows)
    let names = report.classes.map { Self.plain($0) }
    let matrix = names.indices.map { row in [names[row]] + report.matrix.counts[row].map { "\($0)" } }
    return text + "\n" + Self.table(["actual \\ predicted"] + names, matrix)
      + "\nIntervals: Wilson's; by slide, for the equivalent number of independent cells (Rao and Scott, 1992).\n"
  }

  /// Rates of the predicted classes: for two classes all five rates, for more each class's recall and the accuracy.
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
      - \(values) hold where the classes are as frequent as among the validation cells.
      - A research tool, not a medical device: no diagnosis should rest on it alone.

      """
  }

  private func percent(_ share: Double?) -> String {
    share.map { $0.isFinite ? "\(NumberText.fixed($0 * 100, 2)) %" : "-" } ?? "-"
  }

  /// Escapes the characters that Markdown or HTML would interpret. By scalars: a Markdown character followed by a
  /// combining accent is still one.
  public static func plain(_ text: String) -> String {
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
