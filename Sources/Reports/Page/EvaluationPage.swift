import Foundation
import ModelGraph
import Statistics
import Text

/// The evaluation report as a self-contained HTML page: the results of ``EvaluationReport`` and where they come from.
public struct EvaluationPage: Sendable {
  /// A picture with one of the highest losses.
  public struct Loss: Sendable {
    public var answer: Answer
    /// The picture as PNG, without and with the heat map; the latter is empty if there is none.
    public var picture: [UInt8]
    public var heat: [UInt8]

    public init(answer: Answer, picture: [UInt8], heat: [UInt8]) {
      self.answer = answer
      self.picture = picture
      self.heat = heat
    }
  }

  public var title: String
  public var report: EvaluationReport
  /// Facts about the model and the evaluation.
  public var facts: [(name: String, value: String)] = []
  /// Warnings about anything that makes the result too good, one sentence each.
  public var warnings: [String] = []
  /// Training history of each fold, or of the single run; empty if unknown.
  public var curves: [[EpochResult]] = []
  public var folds: [FoldResult] = []
  public var losses: [Loss] = []
  /// Explains the heat maps, or why there are none.
  public var heatNote = ""

  public init(title: String, report: EvaluationReport) {
    self.title = title
    self.report = report
  }

  /// The class that the threshold applies to: the positive one. If none is known, the first class, which is then only
  /// called by its name.
  var positive: Int { report.positive?.index ?? 0 }

  var classes: [String] { report.classes }
  var answers: [Answer] { report.answers }
  var isBinary: Bool { classes.count == 2 }
  var positiveName: String { classes[positive] }
  var words: RateWords { RateWords(classes, index: positive, isKnown: report.positive != nil) }
  var isPositive: [Bool] { answers.map { $0.actual == positive } }

  /// Probabilities of the positive class as the page's script reads them; nine digits identify a float uniquely.
  var scores: [Double] { answers.map { Double(Float($0.probabilities[positive])) } }

  var slides: (names: [String], index: [Int]) { report.slides }

  public var text: String {
    var page = HTMLPage(title: title)
    page.lead = lead
    page.add("judged", "Model and data", judged)
    if !isBinary { page.add("matrix", "Confusion matrix", matrixOfAll + ratesOfEach) }
    page.add(
      "result", isBinary ? "Result and threshold" : "One class: \(positiveName) against all others",
      threshold)
    if !folds.isEmpty { page.add("folds", "Fold by fold", foldTable) }
    page.add("calibration", "Calibration", calibration)
    if !curves.isEmpty { page.add("training", "Training", training) }
    page.add("confused", "Most confused classes", mostConfused)
    page.add("losses", "The most confident mistakes", topLosses)
    if !slides.names.isEmpty { page.add("slides", "Slide by slide", slideTable) }
    page.add("methods", "Methods", methods)
    page.script = PageScript.text
    return page.text
  }

  // MARK: Head

  private var lead: String {
    // The headline rates are those of the predicted classes, not of the chosen threshold.
    let rates = report.rates(positive)
    let many = slides.names.count
    var html = "<p>\(counted(answers.count, "cell"))"
    if many > 0 { html += " of \(counted(many, "slide"))" }
    html += ", \(report.matrix.correct) of them classified correctly.</p>\n"
    for warning in warnings { html += "<p class=\"note\"><strong>\(HTMLText.escaped(warning))</strong></p>\n" }
    func tile(_ name: String, _ share: ClusteredShare) -> String {
      let interval = many > 0 ? HTML.bySlide(share) : HTML.byCell(share)
      let unit = many > 0 ? "by slide" : "by cell"
      return "<div><dt>\(HTMLText.escaped(name))</dt><dd>\(HTML.percent(share.share))</dd>"
        + "<dd class=\"range\">95 %: \(interval), \(unit)</dd></div>\n"
    }
    html += "<p>\(HTMLText.escaped(report.toldPositive)).</p>\n"
    html += "<dl class=\"tiles\">\n" + tile("Accuracy", report.accuracy)
    if isBinary || report.positive != nil {
      html += tile(words.sensitivity, rates.sensitivity) + tile(words.specificity, rates.specificity)
    }
    let loss = "mean loss \(NumberText.fixed(report.loss, 4))"
    guard isBinary else {
      // A ROC area would be that of one class against all others, and say little about the whole.
      let recalls = classes.indices.compactMap { report.matrix.recall($0) }
      html += "<div><dt>Mean recall of \(counted(recalls.count, "class", "classes"))</dt>"
      return html + "<dd>\(HTML.percent(FoldTable.mean(recalls)))</dd><dd class=\"range\">\(loss)</dd></div>\n</dl>\n"
    }
    let curves = ThresholdCurves(scores: scores, isPositive: isPositive)
    let area = curves.rocArea.map { NumberText.fixed($0, 4) } ?? "–"
    html += "<div><dt>Area under the ROC curve (\(HTMLText.escaped(positiveName)))</dt><dd>\(area)</dd>"
    return html + "<dd class=\"range\">\(loss)</dd></div>\n</dl>\n"
  }

  private var judged: String {
    var counts = [Int](repeating: 0, count: classes.count)
    for answer in answers { counts[answer.actual] += 1 }
    let list = zip(classes, counts).map { "\($0) \($1)" }.joined(separator: ", ")
    let many = slides.names.count
    return HTML.facts(
      facts + [
        ("cells", "\(answers.count) (\(list))"),
        ("slides", many > 0 ? "\(many)" : "unknown (not in the names): intervals by slide treat every cell as a slide"),
        ("positive class", report.positive == nil ? "none is known" : "\(positiveName), negative: \(words.negative)"),
      ])
  }

  // MARK: More than two classes

  private var matrixOfAll: String {
    var html = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Confusion matrix\">"
    html +=
      "<table class=\"matrix\"><caption>Rows: actual class. Columns: predicted class, with the fraction of "
    html += "the row.</caption>\n<thead><tr><td></td>"
    for name in classes { html += "<th scope=\"col\">\(HTMLText.escaped(name))</th>" }
    html += "</tr></thead>\n<tbody>\n"
    for (row, name) in classes.enumerated() {
      html += "<tr><th scope=\"row\" class=\"l\">\(HTMLText.escaped(name))</th>"
      for column in classes.indices {
        let count = report.matrix.counts[row][column]
        let all = report.matrix.actual(row)
        let style = row == column ? " class=\"right\"" : count > 0 ? " class=\"wrong\"" : ""
        let share = all == 0 ? nil : Double(count) / Double(all)
        html += "<td\(style)><b>\(count)</b><span>\(HTML.percent(share))</span></td>"
      }
      html += "</tr>\n"
    }
    return html + "</tbody></table></div>\n"
  }

  private var ratesOfEach: String {
    let columns: [HTML.Column] =
      [.text("class"), .number("cells")]
      + ["recall", "95 % by cell", "by slide", "precision"].map { .number($0) }
    let rows = classes.indices.map { label in
      let rates = report.rates(label)
      return [
        classes[label], "\(rates.sensitivity.count)", HTML.percent(rates.sensitivity.share),
        HTML.byCell(rates.sensitivity), HTML.bySlide(rates.sensitivity), HTML.percent(rates.positivePredictive.share),
      ]
    }
    return HTML.table(
      "Each class. Recall: fraction of its cells predicted correctly; precision: fraction of the cells predicted as "
        + "the class that belong to it", columns, rows)
  }

  // MARK: Folds, training, confusion

  private var foldTable: String {
    let rates = FoldTable(folds, classes: classes, positive: report.positive).rates
    let whose = report.positive.map { " of \(classes[$0.index])" } ?? ""
    let columns: [HTML.Column] =
      [.text("fold"), .number("cells"), .number("best epoch"), .number("accuracy"), .number("last epoch's")]
      + rates.map { .number($0.name + whose) }
    var rows = folds.enumerated().map { number, fold in
      [
        "\(number + 1)", "\(fold.pictures)", fold.bestEpoch.map { "\($0)" } ?? "–", HTML.percent(fold.accuracy),
        HTML.percent(fold.lastAccuracy),
      ] + rates.map { HTML.percent($0.values[number]) }
    }
    func spread(_ values: [Double]) -> String {
      let deviation = NumberText.fixed(FoldTable.deviation(values) * 100, 2)
      return "\(NumberText.fixed(FoldTable.mean(values) * 100, 2)) ± \(deviation) %"
    }
    let last = folds.compactMap { $0.lastAccuracy }
    rows.append(
      [
        "mean ± sd", "", "", spread(folds.map { $0.accuracy }), last.count == folds.count ? spread(last) : "–",
      ] + rates.map { spread($0.values) })
    return "<p>Each fold's network is evaluated here on slides that it was not trained on; elsewhere on this page the "
      + "answers of all folds are pooled.</p>\n"
      + HTML.table("Results by fold, best epoch", columns, rows, chosen: rows.count - 1)
  }

  private var training: String {
    let epochs = curves.map { $0.count }.max() ?? 0
    let losses = curves.flatMap { $0.flatMap { [$0.trainLoss, $0.validLoss] } }.filter { $0.isFinite }
    // A diverging first epoch must not flatten the rest of the plot.
    let sorted = losses.sorted()
    let most = sorted.isEmpty ? 1 : min(sorted[sorted.count - 1], 2.5 * sorted[sorted.count * 3 / 4])
    let best = curves.count == 1 ? EpochResult.best(of: curves[0]) : nil
    let hasPrecision = curves.contains { $0.contains { $0.averagePrecision != nil } }
    let measure = hasPrecision ? "highest average precision in validation" : "lowest validation loss"
    let last = curves.compactMap { $0.last }
    let means = (FoldTable.mean(last.map { $0.trainLoss }), FoldTable.mean(last.map { $0.validLoss }))
    var loss = LinePlot(
      id: "loss-plot", title: "Loss by epoch",
      description:
        "\(counted(epochs, "epoch")). In the last one, training loss \(NumberText.fixed(means.0, 3)), validation loss "
        + "\(NumberText.fixed(means.1, 3)).", xLabel: "epoch", yLabel: "loss (cross-entropy)")
    var accuracy = LinePlot(
      id: "accuracy-plot", title: "Validation accuracy by epoch",
      description: "At the last epoch \(HTML.percent(FoldTable.mean(last.map { $0.accuracy }))).", xLabel: "epoch",
      yLabel: "accuracy, %")
    loss.x = 0...Double(max(epochs - 1, 1))
    // Whole epochs only.
    loss.xTicks = LinePlot.ticks(0, Double(max(epochs - 1, 1))).filter { $0.value == $0.value.rounded() }.map {
      LinePlot.Tick(value: $0.value, text: NumberText.fixed($0.value, 0))
    }
    loss.y = 0...max(most * 1.04, 1e-6)
    loss.yTicks = LinePlot.ticks(0, loss.y.upperBound)
    let accuracies = curves.flatMap { $0.map { $0.accuracy * 100 } }
    // The range of most epochs; a diverged one is cut off.
    let middle = accuracies.sorted()
    let low = middle.isEmpty ? 0 : max(middle[0], 100 - 4 * (100 - middle[middle.count / 4]))
    let floor = max(0, (low / 5 - 0.2).rounded(.down) * 5)
    (accuracy.x, accuracy.xTicks) = (loss.x, loss.xTicks)
    accuracy.y = floor...100
    accuracy.yTicks = LinePlot.ticks(floor, 100)
    let style = curves.count > 1 ? " thin" : ""
    for history in curves {
      loss.line(history.map { (Double($0.epoch), $0.trainLoss) }, "blue dash" + style)
      loss.line(history.map { (Double($0.epoch), $0.validLoss) }, "red" + style)
      accuracy.line(history.map { (Double($0.epoch), $0.accuracy * 100) }, "red" + style)
    }
    if let best {
      loss.dot(Double(best.epoch), best.validLoss, "mark", radius: 5)
      accuracy.dot(Double(best.epoch), best.accuracy * 100, "mark", radius: 5)
    }
    var html = "<div class=\"pair\">\n<figure>\(loss.svg)<figcaption><span class=\"key blue dash\"></span>training "
    html += "&emsp;<span class=\"key red\"></span>validation</figcaption></figure>\n"
    html += "<figure>\(accuracy.svg)<figcaption>"
    if let best {
      html +=
        "The dot: epoch \(best.epoch), with the \(measure); its network is evaluated here. It was "
      html += "chosen on the same cells, which makes the result slightly optimistic; the last epoch has "
      html += "\(HTML.percent(curves[0].last?.accuracy))."
    } else {
      html += "One line per fold. Each fold's network is that of the epoch with the \(measure)."
    }
    html += "</figcaption></figure>\n</div>\n"
    let rows = curves.enumerated().flatMap { number, history in
      history.map { epoch in
        (curves.count > 1 ? ["\(number + 1)"] : []) + [
          "\(epoch.epoch)", NumberText.fixed(epoch.trainLoss, 4), NumberText.fixed(epoch.validLoss, 4),
          HTML.percent(epoch.accuracy),
        ]
      }
    }
    let columns: [HTML.Column] =
      (curves.count > 1 ? [.number("fold")] : [])
      + ["epoch", "training loss", "validation loss", "validation accuracy"].map { .number($0) }
    return html + "<details><summary>The numbers</summary>"
      + HTML.table("Epochs", columns, rows) + "</details>\n"
  }

  private var mostConfused: String {
    var pairs: [(actual: Int, taken: Int, count: Int)] = []
    for actual in classes.indices {
      for taken in classes.indices where taken != actual && report.matrix.counts[actual][taken] > 0 {
        pairs.append((actual, taken, report.matrix.counts[actual][taken]))
      }
    }
    guard !pairs.isEmpty else { return "<p>No cell was misclassified.</p>\n" }
    pairs.sort { ($1.count, $0.actual, $0.taken) < ($0.count, $1.actual, $1.taken) }
    let rows = pairs.prefix(20).map { pair in
      [
        classes[pair.actual], classes[pair.taken], "\(pair.count)",
        HTML.percent(Double(pair.count) / Double(report.matrix.actual(pair.actual))),
      ]
    }
    return HTML.table(
      "Pairs of classes, the most frequent first",
      [.text("actual"), .text("predicted"), .number("cells"), .number("of the actual class")], rows)
  }

  private var topLosses: String {
    guard !losses.isEmpty else { return "<p>There are none.</p>\n" }
    let hasHeat = losses.contains { !$0.heat.isEmpty }
    var html =
      "<p>The \(counted(losses.count, "cell")) with the highest loss, −log of the actual class's probability"
    html += "; wrong labels and badly segmented cells show up here too. \(HTMLText.escaped(heatNote))</p>\n"
    if hasHeat {
      html +=
        "<p class=\"toggle\"><label><input type=\"checkbox\" id=\"all-heat\"> Heat maps on all pictures</label></p>\n"
    }
    html += "<ul class=\"cells\">\n"
    for loss in losses {
      let answer = loss.answer
      let file = PathText.lastComponent(answer.path)
      let (actual, taken) = (HTMLText.escaped(classes[answer.actual]), HTMLText.escaped(classes[answer.predicted]))
      html += "<li class=\"cell\"><div class=\"frame\">"
      html += "<img alt=\"Cell: \(actual)\" src=\"\(Self.source(loss.picture))\">"
      if !loss.heat.isEmpty {
        html +=
          "<img class=\"heat\" alt=\"Heat map: regions that speak for \(taken)\" src=\"\(Self.source(loss.heat))\">"
      }
      html +=
        "</div>\n<p>actual <strong>\(actual)</strong><br>\(answer.predicted == answer.actual ? "correct" : "predicted") "
      html += "<strong>\(taken)</strong>, \(HTML.percent(answer.probabilities[answer.predicted], 1))<br>"
      html +=
        "loss \(NumberText.fixed(answer.loss, 2)), actual class \(HTML.percent(answer.probabilities[answer.actual]))"
      html += "</p>"
      if !loss.heat.isEmpty { html += "<p class=\"toggle\"><label><input type=\"checkbox\"> heat map</label></p>" }
      html += "<p class=\"name\">\(HTMLText.escaped(file))</p></li>\n"
    }
    return html + "</ul>\n"
  }

  private static func source(_ png: [UInt8]) -> String {
    "data:image/png;base64,\(Data(png).base64EncodedString())"
  }

  private var slideTable: String {
    let names = slides.names
    var counts = [[Int]](repeating: [0, 0, 0, 0], count: names.count)  // cells, positive, missed, false alarms or wrong
    for (answer, slide) in zip(answers, slides.index) {
      counts[slide][0] += 1
      if answer.actual == positive { counts[slide][1] += 1 }
      if answer.actual != answer.predicted {
        if isBinary, answer.actual == positive { counts[slide][2] += 1 } else { counts[slide][3] += 1 }
      }
    }
    func share(_ part: Int, _ whole: Int) -> String { whole == 0 ? "–" : HTML.percent(Double(part) / Double(whole), 1) }
    let order = names.indices.sorted {
      let (a, b) = (counts[$0][2] + counts[$0][3], counts[$1][2] + counts[$1][3])
      return a == b ? $0 < $1 : a > b
    }
    let rows = order.map { slide in
      let c = counts[slide]
      let wrong = c[2] + c[3]
      let common = [names[slide], "\(c[0])"]
      if !isBinary { return common + ["\(wrong)", share(c[0] - wrong, c[0])] }
      return common + [
        "\(c[1])", "\(wrong)", share(c[0] - wrong, c[0]), "\(c[2])", share(c[1] - c[2], c[1]), "\(c[3])",
        share(c[0] - c[1] - c[3], c[0] - c[1]),
      ]
    }
    let columns: [HTML.Column] =
      [.text("slide"), .number("cells")] + (isBinary ? [.number(positiveName)] : [])
      + [.number("wrong"), .number("accuracy")]
      + (isBinary ? [words.missed, words.sensitivity, words.falseAlarms, words.specificity].map { .number($0) } : [])
    let spoiled = counts.count { $0[2] + $0[3] > 0 }
    return
      "<p>\(spoiled) of \(counted(names.count, "slide")) \(names.count == 1 ? "has" : "have") wrong answers. A slide that stands out may be stained or lit "
      + "differently; look at its pictures first.</p>\n"
      + HTML.table(
        "Slides, those with most wrong answers first", columns, rows, attributes: "data-sortable")
  }

  private var methods: String {
    var html =
      "<p><strong>Intervals by cell</strong> are 95 % Wilson intervals for independent cells. They are too narrow: "
    html += "cells of one slide share its patient, stain and light.</p>\n"
    html +=
      "<p><strong>Intervals by slide</strong> take the slide as the unit. From the variation between slides the design "
    html +=
      "effect is estimated (Rao and Scott, 1992): the factor by which the variance exceeds that of independent cells. "
    html +=
      "The interval is Wilson's for the number of cells divided by it. If there is no mistake at all, or only one "
    html +=
      "slide, it cannot be estimated, and each slide counts as one cell. This is not a result per patient: a "
    html += "slide is only the source of its cells.</p>\n"
    let name = HTMLText.escaped(positiveName)
    let value = report.positive == nil ? "precision" : "predictive value"
    html +=
      "<p><strong>\(report.positive == nil ? "Precisions" : "Predictive values")</strong> hold if \(name) is as "
    html += "frequent as among these cells. If it is rarer, its \(value) is lower.</p>\n"
    html +=
      "<p><strong>Areas</strong>: under the ROC curve by the trapezoidal rule, which is the probability that a cell that is "
    html +=
      "\(name) scores higher than one that is not, with ties counting half; under precision–recall as average "
    html += "precision. "
    html +=
      "<strong>Calibration error</strong>: in ten bins of equal width, the mean difference between probability and "
    html += "frequency, weighted by cells.</p>\n"
    html +=
      "<p><strong>Heat maps</strong> (Grad-CAM, Selvaraju et al. 2017) are coarse. They show which regions a class's "
    return html + "score comes from, not why it is right.</p>\n"
  }
}
