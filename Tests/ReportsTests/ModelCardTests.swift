import Reports
import Testing

@Suite struct ModelCardTests {
  private func card(classes: [String], positive: PositiveClass?) -> ModelCard {
    let answers = (0..<20).map { index in
      let actual = index % classes.count
      let taken = index == 7 ? (actual + 1) % classes.count : actual
      return Answer(
        path: "\(index).png", actual: actual, probabilities: classes.indices.map { $0 == taken ? 0.9 : 0.1 },
        slide: "S\(index / 5)")
    }
    var card = ModelCard(
      name: "resnet18", version: "0.1.0", date: "2026-11-24",
      report: EvaluationReport(classes: classes, answers: answers, positive: positive))
    card.counts = classes.map { ModelCard.ClassCount(name: $0, train: 40, valid: 10) }
    card.slides = (9, 4)
    card.dataHash = "abc"
    card.split = "By slide, share 0.2, seed 1"
    card.recipe = [("network", "resnet18, 64 × 64 pixels")]
    (card.bestEpoch, card.epochs, card.lastAccuracy) = (3, 5, 0.9)
    return card
  }

  @Test func twoClasses() {
    let text = card(classes: ["ill", "well"], positive: PositiveClass(index: 0, origin: .names)).text
    #expect(text.hasPrefix("# Model card: resnet18, ill, well\n\nGiemsa 0.1.0, 2026-11-24\n"))
    for line in [
      "| ill | 40 | 10 |", "| all | 80 | 20 |", "9 for training, 4 for validation", "`abc`",
      "By slide, share 0.2, seed 1.",
      "| Specificity (well) | 9 of 10 | 90.00 % | 59.58–98.21 |", "| ill | 10 | 0 |",
      "positive class: ill (from the class names;",
      "| Sensitivity (ill) | 10 of 10 | 100.00 % |", "| well | 1 | 9 |",
      "last epoch's accuracy is 90.00 %", "not a medical device",
    ] { #expect(text.contains(line), "\(line) is not in\n\(text)") }
  }

  @Test func moreClassesAndOddNames() {
    let text = card(classes: ["a|b", "c", "d\n*"], positive: nil).text
    #expect(text.contains("| Recall of a\\|b | 7 of 7 | 100.00 % |"))
    #expect(text.contains("| Accuracy | 19 of 20 | 95.00 % |"))
    #expect(text.contains("d \\*"))
  }

  /// Without a positive class, no word implies one.
  @Test func noPositiveClass() {
    for classes in [["round", "square"], ["a", "b", "c"]] {
      let text = card(classes: classes, positive: nil).text
      for word in ["ensitivity", "pecificity", "redictive", "alse-"] {
        #expect(!text.contains(word), "\(word) in \(text)")
      }
      for name in classes { #expect(text.contains("| Recall of \(name) |")) }
      #expect(text.contains("no positive class"))
    }
  }

  /// The specificity of the positive class is that of the predicted classes, not of a threshold.
  @Test func ratesOfManyClassesAreTheTables() {
    // All pictures of class b are predicted as a, although its probability is below one half.
    let answers = (0..<30).map { index in
      Answer(path: "\(index)", actual: index % 3, probabilities: index % 3 == 2 ? [0.1, 0.2, 0.7] : [0.4, 0.35, 0.25])
    }
    let report = EvaluationReport(
      classes: ["a", "b", "c"], answers: answers, positive: PositiveClass(index: 0, origin: .option))
    let text = ModelCard(name: "n", version: "1", date: "d", report: report).text
    #expect(text.contains("| Specificity (all others) | 10 of 20 | 50.00 % |"), "\(text)")
    #expect(text.contains("| a | 10 | 0 | 0 |") && text.contains("| b | 10 | 0 | 0 |"))
  }

  @Test func markupInNames() {
    let text = card(classes: ["x|\u{301}<script>alert(1)</script>`", "y"], positive: nil).text
    let scalars = Array(text.unicodeScalars)
    #expect(!scalars.contains("<"))
    #expect(!text.contains("<script") && text.contains("&lt;script&gt;"))
    // Every bar in a name is escaped, also if an accent follows.
    for (place, scalar) in scalars.enumerated() where scalar == "|" && place + 1 < scalars.count {
      if scalars[place + 1] == "\u{301}" { #expect(scalars[place - 1] == "\\") }
    }
  }

  /// With two classes, another positive class has the same rates under other names.
  @Test func anotherPositiveClassAtExport() {
    let (first, second) = (PositiveClass(index: 0, origin: .names), PositiveClass(index: 1, origin: .option))
    let classes = ["ill", "well"]
    let texts = [nil, first, second].map { card(classes: classes, positive: $0).text }
    for (from, old) in [nil, 0, 1].enumerated() {
      for (to, new) in [nil, first, second].enumerated() {
        let renamed = ModelCard.renamed(texts[from], classes, from: old, to: new)
        if old == new?.index {
          #expect(renamed == texts[from])
        } else {
          #expect(renamed.map(sortedLines) == sortedLines(texts[to]), "\(from) to \(to)")
        }
      }
    }
    #expect(ModelCard.renamed("no card", classes, from: 0, to: second) == nil)
    #expect(ModelCard.renamed(texts[1], ["a", "b", "c"], from: 0, to: second) == nil)
  }

  private func sortedLines(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }

  @Test func readAgain() throws {
    let odd = card(classes: ["a|b *&lt;_", "c"], positive: PositiveClass(index: 0, origin: .names))
    var text = odd.text
    let rates = ModelCard.rates(in: text)
    #expect(rates.map { $0.name }.prefix(2) == ["Sensitivity (a|b *&lt;_)", "Specificity (c)"])
    #expect(rates.map { [$0.hits, $0.count] }.prefix(2) == [[10, 10], [9, 10]])
    let interval = try #require(rates.dropFirst().first?.byCell)
    #expect(rates.count == 5 && abs(interval.low - 0.5958) < 1e-9 && abs(interval.high - 0.9821) < 1e-9)
    #expect(ModelCard.dataHash(in: text) == nil)
    let hash = String(repeating: "0f", count: 32)
    text = text.replacing("`abc`", with: "`\(hash)`")
    #expect(ModelCard.dataHash(in: text) == hash)
    #expect(ModelCard.limits(in: text).count == 5)
    #expect(ModelCard.rates(in: "").isEmpty && ModelCard.limits(in: "| a |\n").isEmpty)
  }

  @Test func anotherDate() {
    let text = card(classes: ["ill", "well"], positive: nil).text
    #expect(ModelCard.dated(text, nil).hasPrefix("# Model card: resnet18, ill, well\n\nGiemsa 0.1.0\n"))
    #expect(ModelCard.dated(text, "1970-01-02").contains("\nGiemsa 0.1.0, 1970-01-02\n"))
    #expect(ModelCard.dated("a\nb", nil) == "a\nb")
  }
}
