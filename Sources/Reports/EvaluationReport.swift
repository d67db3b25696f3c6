import Foundation
import ModelGraph

/// One picture's answer.
public struct Answer: Sendable {
  public var path: String
  public var actual: Int
  /// One for each class, adding up to 1.
  public var probabilities: [Double]
  /// The slide it was cut from; empty where that is not known.
  public var slide: String

  public init(path: String, actual: Int, probabilities: [Double], slide: String = "") {
    self.slide = slide
    self.path = path
    self.actual = actual
    self.probabilities = probabilities
  }

  /// The likeliest class; the first of equals.
  public var predicted: Int {
    var best = 0
    for index in probabilities.indices where probabilities[index] > probabilities[best] { best = index }
    return best
  }

  /// Cross-entropy: −log of what the right class was given.
  public var loss: Double { -log(max(probabilities[actual], 1e-45)) }
}

/// How good a model is on pictures whose classes are known.
public struct EvaluationReport: Sendable {
  public let classes: [String]
  public let answers: [Answer]
  public let matrix: ConfusionMatrix
  /// Mean cross-entropy.
  public let loss: Double

  public init(classes: [String], answers: [Answer]) {
    self.classes = classes
    self.answers = answers
    var matrix = ConfusionMatrix(classes: classes)
    var sum = 0.0
    for answer in answers {
      matrix.add(actual: answer.actual, predicted: answer.predicted)
      sum += answer.loss
    }
    self.matrix = matrix
    loss = answers.isEmpty ? 0 : sum / Double(answers.count)
  }

  /// The names of slides and each answer's; every picture its own where names do not tell.
  var slides: (names: [String], index: [Int]) {
    let known = answers.allSatisfy { !$0.slide.isEmpty }
    let keys = answers.map { known ? $0.slide : $0.path }
    let names = Set(keys).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    return (known ? names : [], keys.map { places[$0] ?? 0 })
  }

  /// Wrong answers, the surest first.
  public func mostConfused(_ count: Int) -> [Answer] {
    let wrong = answers.filter { $0.predicted != $0.actual }
    return Array(wrong.sorted { ($1.loss, $0.path) < ($0.loss, $1.path) }.prefix(count))
  }

  /// The whole report as text.
  ///
  /// - Parameters:
  ///   - positive: the class that false negatives and false positives of two classes are told of.
  ///   - confused: how many of the most confused pictures to list.
  public func text(positive: Int = 0, confused: Int = 10) -> String {
    var text = "\(answers.count) pictures\n"
    text += "accuracy  \(NumberText.fixed(matrix.accuracy * 100, 2)) %\n"
    text += "loss      \(NumberText.fixed(loss, 4))\n\n"
    text += matrix.text + "\n\n"
    text += classes.count == 2 ? rates(positive) : ratesOfEach()
    let worst = mostConfused(confused)
    if !worst.isEmpty {
      text += "\nmost confused (\(worst.count) of \(answers.count - matrix.correct) wrong answers)\n"
      let width = classes.map { $0.count }.max() ?? 0
      for answer in worst {
        let share = NumberText.fixed(answer.probabilities[answer.predicted] * 100, 1)
        text += "  \(padded(classes[answer.actual], width)) taken for \(padded(classes[answer.predicted], width)) "
        text += "\(aligned(share, 5)) %  \(answer.path)\n"
      }
    }
    return text
  }

  private func rates(_ positive: Int) -> String {
    let negative = 1 - positive
    func line(_ what: String, _ rate: Double?, _ count: Int, _ of: Int, _ detail: String) -> String {
      let share = rate.map { "\(NumberText.fixed($0 * 100, 2)) %" } ?? "none to judge by"
      return "\(padded(what, 21))\(share)  (\(count) of \(of) \(detail))\n"
    }
    return line(
      "false-negative rate", matrix.falseNegativeRate(positive), matrix.missed(positive), matrix.actual(positive),
      "\(classes[positive]) taken for \(classes[negative])")
      + line(
        "false-positive rate", matrix.falsePositiveRate(positive), matrix.falseAlarms(positive),
        matrix.actual(negative), "\(classes[negative]) taken for \(classes[positive])")
  }

  private func ratesOfEach() -> String {
    let width = max(5, classes.map { $0.count }.max() ?? 0) + 2
    var text = padded("class", width) + aligned("pictures", 10) + aligned("false-negative", 17)
    text += aligned("false-positive", 17) + "\n"
    for (label, name) in classes.enumerated() {
      let rates = [matrix.falseNegativeRate(label), matrix.falsePositiveRate(label)]
      text += padded(name, width) + aligned("\(matrix.actual(label))", 10)
      for rate in rates { text += aligned(rate.map { "\(NumberText.fixed($0 * 100, 2)) %" } ?? "-", 17) }
      text += "\n"
    }
    return text
  }
}
