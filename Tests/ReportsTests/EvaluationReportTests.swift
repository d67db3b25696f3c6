import Reports
import Testing

@Suite struct EvaluationReportTests {
  private func report() -> EvaluationReport {
    func answer(_ path: String, _ actual: Int, _ first: Double) -> Answer {
      Answer(path: path, actual: actual, probabilities: [first, 1 - first])
    }
    return EvaluationReport(
      classes: ["Parasitized", "Uninfected"],
      answers: [
        answer("a.png", 0, 0.9), answer("b.png", 0, 0.8), answer("c.png", 0, 0.3), answer("d.png", 0, 0.1),
        answer("e.png", 1, 0.2), answer("f.png", 1, 0.6),
      ], positive: PositiveClass(index: 0, origin: .names))
  }

  @Test func ratesOfTwoClasses() {
    let matrix = report().matrix
    #expect(matrix.counts == [[2, 2], [1, 1]])
    #expect(matrix.accuracy == 0.5)
    #expect(matrix.falseNegativeRate(0) == 0.5)
    #expect(matrix.falsePositiveRate(0) == 0.5)
    #expect(matrix.missed(1) == 1 && matrix.falseAlarms(1) == 2)
  }

  @Test func theSurestMistakesComeFirst() {
    #expect(report().mostConfused(2).map { $0.path } == ["d.png", "c.png"])
  }

  @Test func text() {
    let text = report().text(confused: 1)
    #expect(text.contains("accuracy  50.00 %"))
    #expect(text.contains("positive class: Parasitized (from the class names"))
    #expect(text.contains("false-negative rate  50.00 %  (2 of 4 Parasitized predicted as Uninfected)"))
    #expect(text.contains("false-positive rate  50.00 %  (1 of 2 Uninfected predicted as Parasitized)"))
    #expect(text.contains("most confused (1 of 3 wrong answers)"))
    #expect(text.contains("Parasitized predicted as Uninfected   90.0 %  d.png"))
    #expect(
      text.contains(
        """
        actual \\ predicted    Parasitized  Uninfected
        Parasitized                     2           2
        Uninfected                      1           1
        """))
  }

  @Test func manyClasses() {
    let report = EvaluationReport(
      classes: ["a", "b", "c"],
      answers: [
        Answer(path: "1", actual: 0, probabilities: [1, 0, 0]), Answer(path: "2", actual: 1, probabilities: [1, 0, 0]),
      ], positive: nil)
    let text = report.text()
    #expect(report.matrix.falseNegativeRate(2) == nil)
    #expect(report.loss > 50)  // a right class given nothing at all costs much, not infinity
    // Without a positive class nothing is called a false negative.
    #expect(!text.contains("false-negative") && text.contains("recall") && text.contains("100.00 %"))
    #expect(text.contains("no positive class") && text.contains("-"))
  }

  @Test func twoClassesWithoutAPositiveOne() {
    let answers = [Answer(path: "1", actual: 0, probabilities: [0.9, 0.1])]
    let text = EvaluationReport(classes: ["round", "square"], answers: answers, positive: nil).text()
    #expect(text.hasPrefix("1 picture\n"))
    #expect(text.contains("recall") && !text.contains("false-"))
  }

  /// Text from outside does not control the terminal.
  @Test func namesArePrintable() {
    let answers = [Answer(path: "a\u{1B}[2Jb", actual: 0, probabilities: [0.1, 0.9])]
    let text = EvaluationReport(classes: ["x\u{1B}]0;t", "y"], answers: answers, positive: nil).text()
    #expect(!text.contains("\u{1B}") && text.contains("\\x1b[2Jb"))
  }
}
