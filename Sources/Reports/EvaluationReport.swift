import Foundation
import ModelGraph
import PictureModels
import Statistics
import Text

/// One picture's answer.
public struct Answer: Sendable {
  public var path: String
  public var actual: Int
  /// Probability of each class; they sum to 1.
  public var probabilities: [Double]
  /// The class that the picture counts as.
  public var predicted: Int
  /// The slide that it was cut from; empty if unknown.
  public var slide: String

  /// - Parameter decision: which class the picture counts as.
  public init(
    path: String, actual: Int, probabilities: [Double], slide: String = "", decision: ClassDecision = .likeliest
  ) {
    self.slide = slide
    self.path = path
    self.actual = actual
    self.probabilities = probabilities
    predicted = decision(probabilities)
  }

  /// Cross-entropy: −log of the actual class's probability.
  public var loss: Double { -log(max(probabilities[actual], 1e-45)) }
}

/// Results of a model on pictures whose classes are known.
public struct EvaluationReport: Sendable {
  public let classes: [String]
  public let answers: [Answer]
  /// The positive class; nil if unknown, and then no rate is called sensitivity or specificity.
  public let positive: PositiveClass?
  /// The probability of the model's positive class from which pictures count as it; nil: the likeliest class is taken.
  public let threshold: Double?
  public let matrix: ConfusionMatrix
  /// Mean cross-entropy.
  public let loss: Double

  /// - Parameter threshold: the one that the answers were decided with, for display.
  public init(classes: [String], answers: [Answer], positive: PositiveClass?, threshold: Double? = nil) {
    self.classes = classes
    self.answers = answers
    self.positive = positive
    self.threshold = threshold
    var matrix = ConfusionMatrix(classes: classes)
    var sum = 0.0
    for answer in answers {
      matrix.add(actual: answer.actual, predicted: answer.predicted)
      sum += answer.loss
    }
    self.matrix = matrix
    loss = answers.isEmpty ? 0 : sum / Double(answers.count)
  }

  /// The slides' names, and the slide of each answer. If the names do not show slides, every picture is its own slide.
  var slides: (names: [String], index: [Int]) {
    let known = answers.allSatisfy { !$0.slide.isEmpty }
    let keys = answers.map { known ? $0.slide : $0.path }
    let names = Set(keys).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    return (known ? names : [], keys.map { places[$0] ?? 0 })
  }

  /// Wrong answers, the most confident first.
  public func mostConfused(_ count: Int) -> [Answer] {
    let wrong = answers.filter { $0.predicted != $0.actual }
    return Array(wrong.sorted { ($1.loss, $0.path) < ($0.loss, $1.path) }.prefix(count))
  }

  /// Rates of one class against all others, by predicted class.
  func rates(_ label: Int) -> BinaryRates {
    BinaryRates(
      isPositive: answers.map { $0.actual == label }, isCalled: answers.map { $0.predicted == label },
      groups: slides.index)
  }

  /// Accuracy over all pictures.
  var accuracy: ClusteredShare {
    let index = slides.index
    var groups = [(hits: Int, count: Int)](repeating: (0, 0), count: (index.max() ?? -1) + 1)
    for (answer, slide) in zip(answers, index) {
      groups[slide].count += 1
      if answer.predicted == answer.actual { groups[slide].hits += 1 }
    }
    return ClusteredShare(groups)
  }

  /// A line that says which class is positive, if any, and from which probability on.
  public var toldPositive: String {
    let told = PositiveClass.told(positive, of: classes)
    guard let threshold else { return told }
    return "\(told); from a probability of \(NumberText.fixed(threshold, 4)) on"
  }

  /// Right answers among the pictures of a class, and among all others.
  public func observed(_ label: Int) -> (sensitivity: ObservedRate, specificity: ObservedRate) {
    let (own, others) = (matrix.actual(label), matrix.total - matrix.actual(label))
    return (
      ObservedRate(hits: own - matrix.missed(label), count: own),
      ObservedRate(hits: others - matrix.falseAlarms(label), count: others)
    )
  }

  /// The whole report as text.
  ///
  /// - Parameter confused: how many of the most confused pictures to list.
  public func text(confused: Int = 10) -> String {
    var text = "\(counted(answers.count, "picture"))\n"
    text += "accuracy  \(NumberText.fixed(matrix.accuracy * 100, 2)) %\n"
    text += "loss      \(NumberText.fixed(loss, 4))\n\n"
    text += matrix.text + "\n\n" + toldPositive.printable + "\n"
    if let positive { text += rateLines(positive.index) }
    if positive == nil || classes.count > 2 { text += ratesOfEach() }
    let worst = mostConfused(confused)
    if !worst.isEmpty {
      text += "\nmost confused (\(worst.count) of \(counted(answers.count - matrix.correct, "wrong answer")))\n"
      let names = classes.map { $0.printable }
      let width = names.map { $0.count }.max() ?? 0
      for answer in worst {
        let share = NumberText.fixed(answer.probabilities[answer.predicted] * 100, 1)
        text += "  \(padded(names[answer.actual], width)) predicted as \(padded(names[answer.predicted], width)) "
        text += "\(aligned(share, 5)) %  \(answer.path.printable)\n"
      }
    }
    return text
  }

  private func rateLines(_ label: Int) -> String {
    let name = classes[label].printable
    let (other, others) =
      classes.count == 2
      ? (classes[1 - label].printable, classes[1 - label].printable) : ("another class", "other pictures")
    func line(_ what: String, _ rate: Double?, _ count: Int, _ of: Int, _ detail: String) -> String {
      let share = rate.map { "\(NumberText.fixed($0 * 100, 2)) %" } ?? "no pictures"
      return "\(padded(what, 21))\(share)  (\(count) of \(of) \(detail))\n"
    }
    return line(
      "false-negative rate", matrix.falseNegativeRate(label), matrix.missed(label), matrix.actual(label),
      "\(name) predicted as \(other)")
      + line(
        "false-positive rate", matrix.falsePositiveRate(label), matrix.falseAlarms(label),
        matrix.total - matrix.actual(label), "\(others) predicted as \(name)")
  }

  /// A table with the recall and precision of each class.
  private func ratesOfEach() -> String {
    let names = classes.map { $0.printable }
    let width = max(5, names.map { $0.count }.max() ?? 0) + 2
    var text = padded("class", width) + aligned("pictures", 10) + aligned("recall", 12) + aligned("precision", 12)
    text += "\n"
    for (label, name) in names.enumerated() {
      text += padded(name, width) + aligned("\(matrix.actual(label))", 10)
      for rate in [matrix.recall(label), matrix.precision(label)] {
        text += aligned(rate.map { "\(NumberText.fixed($0 * 100, 2)) %" } ?? "-", 12)
      }
      text += "\n"
    }
    return text
  }
}
