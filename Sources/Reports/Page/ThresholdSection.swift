import ModelGraph
import Statistics
import Text

extension EvaluationPage {
  /// Matrix, rates and curves at the model's threshold (0.5 if it has none), with the data from which the script computes them for any other.
  var threshold: String {
    let (scores, isPositive, groups) = (scores, isPositive, slides.index)
    let rates = BinaryRates(isPositive: isPositive, isCalled: scores.map { $0 >= start }, groups: groups)
    let told = NumberText.shortest(start)
    let curves = ThresholdCurves(scores: scores, isPositive: isPositive)
    let (words, name) = (words, HTMLText.escaped(positiveName))
    func low(_ name: String) -> String { HTMLText.escaped(Self.lower(name)) }
    var html = "<p>\(HTMLText.escaped(report.toldPositive)).</p>\n"
    if !isBinary {
      html += "<p>This section treats \(name) against all other classes together, by its probability "
      html += "alone; "
      html += "above it is which class is the likeliest, and the answers differ."
      if report.positive == nil { html += " It is the first class; <code>--positive NAME</code> chooses another." }
      html += "</p>\n"
    }
    html +=
      "<p>A cell counts as \(name) if its probability is at least the threshold. With a lower threshold fewer are missed, "
    html +=
      "but more are counted wrongly. A threshold chosen on these cells looks too good on them: choose it on some, "
    html += "check it on others.</p>\n"
    html += "<div class=\"chooser\">\n<div id=\"chooser\" hidden>\n<label for=\"threshold\">Threshold for \(name)"
    html += "</label>\n"
    html +=
      "<div class=\"line\"><input type=\"range\" id=\"threshold\" min=\"0\" max=\"1\" step=\"0.001\" value=\"\(told)\">"
    html += "<input type=\"number\" id=\"threshold-number\" aria-label=\"Threshold as a number\" min=\"0\" max=\"1\" "
    html += "step=\"0.001\" value=\"\(told)\"></div>\n"
    html += "<p class=\"line choices\"><button type=\"button\" data-choose=\"half\">0.5</button>"
    html += "<button type=\"button\" data-choose=\"accuracy\">highest accuracy</button>"
    html += "<button type=\"button\" data-choose=\"found\">99 % \(low(words.sensitivity))</button>"
    html += "<button type=\"button\" data-choose=\"spared\">99 % \(low(words.specificity))</button></p>\n</div>\n"
    html +=
      "<output id=\"threshold-says\" aria-live=\"polite\">\(HTMLText.escaped(sentence(start, rates)))</output>\n</div>\n"
    html += "<div class=\"pair\">\n<div>\(matrix(rates))</div>\n<div>\(ratesTable(rates))</div>\n</div>\n"
    html += "<div class=\"pair\">\n\(roc(curves, rates))\(precisionRecall(curves, rates))</div>\n"
    html += thresholdTable(scores, isPositive, groups)
    return html + data(scores, isPositive, groups)
  }

  /// To a thousandth, as the slider has it.
  private var start: Double { ((report.threshold ?? 0.5) * 1000).rounded() / 1000 }

  private func sentence(_ threshold: Double, _ rates: BinaryRates) -> String {
    let (ill, well) = (rates.sensitivity.count, rates.specificity.count)
    let words = words
    return "At \(NumberText.fixed(threshold, 3)): \(Self.lower(words.sensitivity)) "
      + "\(HTML.percent(rates.sensitivity.share)), \(Self.lower(words.specificity)) "
      + "\(HTML.percent(rates.specificity.share)); \(rates.falseNegatives) of \(ill) \(words.missed), "
      + "\(rates.falsePositives) of \(well) \(words.falseAlarms)."
  }

  /// With a lower-case first letter.
  private static func lower(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }

  private func matrix(_ rates: BinaryRates) -> String {
    func cell(_ id: String, _ count: Int, _ all: Int, _ isRight: Bool) -> String {
      let share = all == 0 ? nil : Double(count) / Double(all)
      return "<td class=\"\(isRight ? "right" : "wrong")\"><b id=\"\(id)\">\(count)</b>"
        + "<span><span id=\"\(id)-share\">\(HTML.percent(share))</span> of the row</span></td>"
    }
    let (ill, well) = (rates.sensitivity.count, rates.specificity.count)
    let (p, n) = (HTMLText.escaped(positiveName), HTMLText.escaped(isBinary ? words.negative : "not \(positiveName)"))
    var html =
      "<h3>Confusion matrix</h3>\n<table class=\"matrix\"><caption>Rows: actual class. Columns: predicted "
    html +=
      "class.</caption>\n<thead><tr><td></td><th scope=\"col\">\(p)</th><th scope=\"col\">\(n)</th></tr></thead>"
    html += "\n<tbody>\n<tr><th scope=\"row\" class=\"l\">\(p) (\(ill))</th>"
    html += cell("tp", rates.truePositives, ill, true) + cell("fn", rates.falseNegatives, ill, false) + "</tr>\n"
    html += "<tr><th scope=\"row\" class=\"l\">\(n) (\(well))</th>"
    html += cell("fp", rates.falsePositives, well, false) + cell("tn", rates.trueNegatives, well, true)
    return html + "</tr>\n</tbody></table>\n"
  }

  private func ratesTable(_ rates: BinaryRates) -> String {
    var html = "<h3>Rates</h3>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Rates\"><table>"
    html += "<caption>With 95 % intervals in per cent</caption>\n<thead><tr><th scope=\"col\" class=\"l\">rate</th>"
    html +=
      "<th scope=\"col\">%</th><th scope=\"col\">by cell</th><th scope=\"col\">by slide</th></tr></thead>\n<tbody>\n"
    for (index, rate) in rates.all(words).enumerated() {
      html += "<tr title=\"\(HTMLText.escaped(rate.meaning))\">"
      html += "<th scope=\"row\" class=\"l\">\(HTMLText.escaped(rate.name))</th>"
      html += "<td id=\"rate-\(index)\">\(HTML.percent(rate.share.share))</td>"
      html += "<td id=\"rate-\(index)-cell\">\(HTML.byCell(rate.share))</td>"
      html += "<td id=\"rate-\(index)-slide\">\(HTML.bySlide(rate.share))</td></tr>\n"
    }
    return html + "</tbody></table></div>\n"
  }

  // MARK: Curves

  private func roc(_ curves: ThresholdCurves, _ rates: BinaryRates) -> String {
    let area = curves.rocArea.map { NumberText.fixed($0, 4) } ?? "unknown: one class is missing"
    var plot = LinePlot(
      id: "roc", title: "ROC curve of \(positiveName)",
      description: "\(words.sensitivity) over 1 − \(Self.lower(words.specificity)); the area is \(area).",
      xLabel: "1 − \(Self.lower(words.specificity))", yLabel: Self.lower(words.sensitivity))
    let (p, n) = (Double(max(curves.positives, 1)), Double(max(curves.negatives, 1)))
    plot.segment(0, 0, 1, 1, "chance")
    plot.line(Self.corners(curves.points.map { (Double($0.falsePositives) / n, Double($0.truePositives) / p) }), "blue")
    plot.dot(
      Double(rates.falsePositives) / n, Double(rates.truePositives) / p, "mark", radius: 6, id: "roc-mark")
    let whose = HTMLText.escaped(positiveName) + (isBinary ? "" : " against all others")
    return
      "<figure>\(plot.svg)<figcaption>ROC of \(whose): area \(area). The dot is the threshold.</figcaption></figure>\n"
  }

  private func precisionRecall(_ curves: ThresholdCurves, _ rates: BinaryRates) -> String {
    let area = curves.averagePrecision.map { NumberText.fixed($0, 4) } ?? "unknown: there is no such cell"
    let words = words
    let base = Double(curves.positives) / Double(max(curves.positives + curves.negatives, 1))
    var plot = LinePlot(
      id: "pr", title: "Precision–recall curve of \(positiveName)",
      description: "\(words.positivePredictive) over \(Self.lower(words.sensitivity)); average precision \(area). "
        + "Chance would give \(NumberText.fixed(base, 3)).", xLabel: "recall of \(positiveName)",
      yLabel: "precision of \(positiveName)")
    let p = Double(max(curves.positives, 1))
    plot.segment(0, base, 1, base, "chance")
    let points = curves.points.dropFirst().map { point -> (x: Double, y: Double) in
      (
        Double(point.truePositives) / p,
        Double(point.truePositives) / Double(point.truePositives + point.falsePositives)
      )
    }
    plot.line(Self.corners(points), "blue")
    let called = rates.truePositives + rates.falsePositives
    plot.dot(
      Double(rates.truePositives) / p, called == 0 ? 1 : Double(rates.truePositives) / Double(called), "mark",
      radius: 6,
      id: "pr-mark")
    return "<figure>\(plot.svg)<figcaption>Precision–recall of \(HTMLText.escaped(positiveName)): average precision "
      + "\(area). "
      + "The dashed line is chance."
      + "</figcaption></figure>\n"
  }

  /// Drops points that lie on a straight line between their neighbours or within a twentieth of a pixel of them.
  private static func corners(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    var kept: [(x: Double, y: Double)] = []
    for point in points {
      if kept.count > 1 {
        let (a, b) = (kept[kept.count - 2], kept[kept.count - 1])
        let isStraight = (b.x - a.x) * (point.y - b.y) == (point.x - b.x) * (b.y - a.y)
        let isNear = abs(b.x - a.x) + abs(b.y - a.y) < 1e-4
        if isStraight || isNear { kept.removeLast() }
      }
      kept.append(point)
    }
    return kept
  }

  /// A table of thresholds, for readers without scripts and for paper.
  private func thresholdTable(_ scores: [Double], _ isPositive: [Bool], _ groups: [Int]) -> String {
    let rows = [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99].map { threshold in
      let rates = BinaryRates(isPositive: isPositive, isCalled: scores.map { $0 >= threshold }, groups: groups)
      let shares = [
        rates.sensitivity, rates.specificity, rates.positivePredictive, rates.negativePredictive, rates.accuracy,
      ]
      return [NumberText.fixed(threshold, 2), "\(rates.falseNegatives)", "\(rates.falsePositives)"]
        + shares.map { HTML.percent($0.share) }
    }
    let words = words
    let names = [words.sensitivity, words.specificity, words.positivePredictive, words.negativePredictive]
    let columns = (["threshold", words.missed, words.falseAlarms] + names.map { Self.lower($0) } + ["accuracy"]).map {
      HTML.Column.number($0)
    }
    return "<details><summary>The numbers at eleven thresholds</summary>"
      + HTML.table("Rates by threshold of \(positiveName)", columns, rows, chosen: 5) + "</details>\n"
  }

  /// Every cell's probability, actual class and slide, in the order of the slides' names.
  private func data(_ scores: [Double], _ isPositive: [Bool], _ groups: [Int]) -> String {
    let numbers = answers.map { answer in
      var text = "\(Float(answer.probabilities[positive]))"
      if text.hasSuffix(".0") { text.removeLast(2) }
      return text
    }
    var json = "{\"scores\":[" + numbers.joined(separator: ",") + "],\n\"positive\":\""
    json += isPositive.map { $0 ? "1" : "0" }.joined() + "\",\n\"slides\":["
    json += groups.map { "\($0)" }.joined(separator: ",") + "],\n\"words\":["
    let words = words
    let told = [Self.lower(words.sensitivity), Self.lower(words.specificity), words.missed, words.falseAlarms]
    json += told.map { JSONText.quoted($0.printable) }.joined(separator: ",") + "]}"
    return "<script type=\"application/json\" id=\"cells\">\(HTML.scriptData(json))</script>\n"
  }

  // MARK: Calibration

  var calibration: String {
    let labels = isBinary ? nil : answers.map { $0.predicted == $0.actual }
    let chances = isBinary ? scores : answers.map { $0.probabilities[$0.predicted] }
    let result = Calibration(probabilities: chances, happened: labels ?? isPositive)
    let error = NumberText.fixed(result.expectedError, 4)
    let what = isBinary ? "the probability of \(positiveName)" : "the probability of the predicted class"
    let share = isBinary ? "fraction that is \(positiveName)" : "fraction predicted correctly"
    var plot = LinePlot(
      id: "reliability", title: "Reliability diagram",
      description: "Observed frequency over \(what) in ten bins; the expected calibration error is \(error).",
      xLabel: what, yLabel: share)
    for bin in result.bins where bin.count > 0 { plot.bar(bin.low, bin.high, bin.share, "bar") }
    plot.segment(0, 0, 1, 1, "chance")
    for bin in result.bins where bin.count > 0 {
      let interval = WilsonInterval(share: bin.share, count: Double(bin.count))
      plot.segment(bin.meanProbability, interval.low, bin.meanProbability, interval.high, "blue")
      plot.dot(bin.meanProbability, bin.share, "dot")
    }
    let rows = result.bins.map { bin in
      [
        "\(NumberText.fixed(bin.low, 1)) – \(NumberText.fixed(bin.high, 1))", "\(bin.count)",
        bin.count == 0 ? "–" : NumberText.fixed(bin.meanProbability, 3),
        bin.count == 0 ? "–" : NumberText.fixed(bin.share, 3),
      ]
    }
    var html =
      "<p>Expected calibration error <strong>\(error)</strong>. For dots on the dashed line, four in five of the cells "
    html +=
      "given 80\u{A0}% are right. Below the line the model is overconfident. The bars through the dots are 95 % "
    html += "intervals by cell: bins with few cells are uncertain.</p>\n<div class=\"pair\">\n<figure>\(plot.svg)"
    html += "</figure>\n<div>"
    html += HTML.table(
      "Bins, with the mean probability and the \(share)",
      [.text("probability"), .number("cells"), .number("mean"), .number("share")], rows)
    return html + "</div>\n</div>\n"
  }
}
