/// The positive class, which a test looks for: sensitivity refers to it, and its missed cases are false negatives.
public struct PositiveClass: Sendable, Equatable {
  /// How the positive class was determined.
  public enum Origin: Sendable {
    /// Named by `--positive`.
    case option
    /// Recorded in the run or the model (`giemsa.positive`).
    case recorded
    /// Guessed from the classes' names.
    case names
  }

  /// Index of the class.
  public let index: Int
  public let origin: Origin

  public init(index: Int, origin: Origin) {
    self.index = index
    self.origin = origin
  }

  /// The positive class as guessed from all names, if they decide it: of two classes, one whose name says positive, or
  /// one beside a class whose name says negative; of more, one beside others that all say negative.
  public static func guess(_ classes: [String]) -> Int? {
    let verdicts = classes.map { ClassWords.verdict($0) }
    let cases = verdicts.indices.filter { verdicts[$0] == true }
    let others = verdicts.indices.filter { verdicts[$0] == false }
    if cases.count == 1, others.count == classes.count - 1 || classes.count == 2 { return cases[0] }
    if classes.count == 2, cases.isEmpty, others.count == 1 { return 1 - others[0] }
    return nil
  }

  /// A line that says which class is positive and how that was determined, shown wherever rates are.
  public static func told(_ positive: PositiveClass?, of classes: [String]) -> String {
    guard let positive else {
      return
        "no positive class: the names do not say which it is; --positive NAME chooses one. Rates are given per class"
    }
    let how =
      switch positive.origin {
      case .option: "--positive"
      case .recorded: "recorded with the model"
      case .names: "from the class names; --positive NAME chooses another"
      }
    return "positive class: \(classes[positive.index]) (\(how))"
  }
}

/// The names of the rates of one class against all others. Without a known positive class, neutral names are used.
struct RateWords {
  let positive: String
  let negative: String
  /// Whether `positive` is known to be the positive class.
  let isKnown: Bool

  /// - Parameter index: the class; with two classes, the other one is the negative.
  init(_ classes: [String], index: Int, isKnown: Bool) {
    positive = classes[index]
    negative = classes.count == 2 ? classes[1 - index] : "all others"
    self.isKnown = isKnown
  }

  var sensitivity: String { isKnown ? "Sensitivity (\(positive))" : "Recall of \(positive)" }
  var specificity: String { isKnown ? "Specificity (\(negative))" : "Recall of \(negative)" }
  var positivePredictive: String {
    isKnown ? "Positive predictive value (\(positive))" : "Precision of \(positive)"
  }
  var negativePredictive: String {
    isKnown ? "Negative predictive value (\(negative))" : "Precision of \(negative)"
  }
  var missed: String { isKnown ? "missed" : "\(positive) predicted as \(negative)" }
  var falseAlarms: String { isKnown ? "false alarms" : "\(negative) predicted as \(positive)" }
}
