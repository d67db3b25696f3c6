/// The class that a test looks for: sensitivity is of it, and what is missed of it is a false negative.
public struct PositiveClass: Sendable, Equatable {
  /// How it is known.
  public enum Origin: Sendable {
    /// Named by `--positive`.
    case option
    /// The run or the model has it recorded (`giemsa.positive`).
    case recorded
    /// The classes' names say it.
    case names
  }

  /// Among the classes.
  public let index: Int
  public let origin: Origin

  public init(index: Int, origin: Origin) {
    self.index = index
    self.origin = origin
  }

  /// The one class whose name says that it is looked for, as far as the names of all decide that: of two classes one that
  /// says so, or one beside another that says the contrary; of more, one beside others that all say the contrary.
  public static func guess(_ classes: [String]) -> Int? {
    let verdicts = classes.map { ClassWords.verdict($0) }
    let cases = verdicts.indices.filter { verdicts[$0] == true }
    let others = verdicts.indices.filter { verdicts[$0] == false }
    if cases.count == 1, others.count == classes.count - 1 || classes.count == 2 { return cases[0] }
    if classes.count == 2, cases.isEmpty, others.count == 1 { return 1 - others[0] }
    return nil
  }

  /// Which class is the positive one and how that is known, or that none is: said wherever rates are.
  public static func told(_ positive: PositiveClass?, of classes: [String]) -> String {
    guard let positive else {
      return "no positive class: the names do not say which it is; --positive NAME does. Rates are of each class"
    }
    let how =
      switch positive.origin {
      case .option: "--positive"
      case .recorded: "recorded with the model"
      case .names: "the names say so; --positive NAME for another"
      }
    return "positive class: \(classes[positive.index]) (\(how))"
  }
}

/// What the rates of a class against the other, or against all others, are called. Where nobody says that one is looked for,
/// words that do are not used.
struct RateWords {
  let positive: String
  let negative: String
  /// Whether `positive` is known to be what is looked for.
  let isKnown: Bool

  /// - Parameter index: the class; of two the other is the negative.
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
  var missed: String { isKnown ? "missed" : "\(positive) taken for \(negative)" }
  var falseAlarms: String { isKnown ? "false alarms" : "\(negative) taken for \(positive)" }
}
