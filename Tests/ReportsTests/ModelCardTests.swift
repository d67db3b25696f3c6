import Reports
import Testing

@Suite struct ModelCardTests {
  private func card(classes: [String]) -> ModelCard {
    let answers = (0..<20).map { index in
      let actual = index % classes.count
      let taken = index == 7 ? (actual + 1) % classes.count : actual
      return Answer(
        path: "\(index).png", actual: actual, probabilities: classes.indices.map { $0 == taken ? 0.9 : 0.1 },
        slide: "S\(index / 5)")
    }
    var card = ModelCard(
      name: "resnet18", version: "0.1.0", date: "2026-11-24",
      report: EvaluationReport(classes: classes, answers: answers))
    card.counts = classes.map { ModelCard.ClassCount(name: $0, train: 40, valid: 10) }
    card.slides = (9, 4)
    card.dataHash = "abc"
    card.split = "By slide, share 0.2, seed 1"
    card.recipe = [("network", "resnet18, 64 × 64 pixels")]
    (card.bestEpoch, card.epochs, card.lastAccuracy) = (3, 5, 0.9)
    return card
  }

  @Test func twoClasses() {
    let text = card(classes: ["ill", "well"]).text
    #expect(text.hasPrefix("# Model card: resnet18, ill, well\n\nGiemsa 0.1.0, 2026-11-24\n"))
    for line in [
      "| ill | 40 | 10 |", "| all | 80 | 20 |", "9 trained on, 4 kept back", "`abc`", "By slide, share 0.2, seed 1.",
      "| Specificity | 9 of 10 | 90.00 % | 59.58–98.21 |", "| ill | 10 | 0 |", "| well | 1 | 9 |",
      "last epoch's accuracy is 90.00 %", "not a medical device",
    ] { #expect(text.contains(line), "\(line) is not in\n\(text)") }
  }

  @Test func moreClassesAndOddNames() {
    let text = card(classes: ["a|b", "c", "d\n*"]).text
    #expect(text.contains("| sensitivity, a\\|b | 7 of 7 | 100.00 % |"))
    #expect(text.contains("| Accuracy | 19 of 20 | 95.00 % |"))
    #expect(text.contains("d \\*"))
  }
}
