import ModelGraph

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
  /// The class that sensitivity is of, where there are two.
  public var positive = 0
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
    var rows: [[String]] = []
    func add(_ name: String, _ share: ClusteredShare) {
      rows.append([
        name, "\(share.hits) of \(share.count)", percent(share.share), HTML.byCell(share),
        HTML.bySlide(share),
      ])
    }
    let (answers, groups) = (report.answers, report.slides.index)
    func rates(_ label: Int) -> BinaryRates {
      BinaryRates(
        isPositive: answers.map { $0.actual == label }, isCalled: answers.map { $0.predicted == label }, groups: groups)
    }
    if report.classes.count == 2 {
      let rates = rates(positive)
      for rate in rates.all { add(rate.name, rate.share) }
      text += "Positive: \(Self.plain(report.classes[positive])).\n\n"
    } else {
      for (label, name) in report.classes.enumerated() {
        add("sensitivity, \(Self.plain(name))", rates(label).sensitivity)
      }
      rows.append([
        "Accuracy", "\(report.matrix.correct) of \(report.matrix.total)", percent(report.matrix.accuracy),
        HTML.interval(WilsonInterval(share: report.matrix.accuracy, count: Double(report.matrix.total))), "",
      ])
    }
    text += Self.table(["rate", "cells", "value", "95 % by cell", "95 % by slide"], rows)
    let names = report.classes.map { Self.plain($0) }
    let matrix = names.indices.map { row in [names[row]] + report.matrix.counts[row].map { "\($0)" } }
    return text + "\n" + Self.table(["actual \\ predicted"] + names, matrix)
      + "\nIntervals: Wilson's; by slide, for the number of unrelated cells that say as much (Rao and Scott, 1992).\n"
  }

  private var limits: String {
    let names = report.classes.map { Self.plain($0) }.joined(separator: ", ")
    return """
      - For pictures of single objects like those it was trained on, prepared as the file's metadata say.
      - It answers one of \(names), whatever it is shown; it cannot say that a picture is something else.
      - The results are of one collection. How it does on other microscopes, stains, cameras and laboratories was not \
      measured: measure it there before relying on it.
      - Predictive values hold where the classes are as frequent as among the cells kept back.
      - A research tool, not a medical device: no diagnosis should rest on it alone.

      """
  }

  private func percent(_ share: Double?) -> String {
    share.map { $0.isFinite ? "\(NumberText.fixed($0 * 100, 2)) %" : "-" } ?? "-"
  }

  /// Without what Markdown would take for its own.
  private static func plain(_ text: String) -> String {
    var plain = ""
    for character in text {
      switch character {
      case "|", "<", "*", "`", "\\": plain += "\\\(character)"
      case "\n", "\r": plain += " "
      default: plain.append(character)
      }
    }
    return plain
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
    return line(header) + line(header.indices.map { $0 == 0 ? "---" : "---:" }) + rows.map { line($0) }.joined()
  }
}
