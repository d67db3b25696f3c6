/// Which class a picture counts as, given the probabilities of all classes.
public struct ClassDecision: Sendable, Equatable {
  /// The class with a threshold of its own; nil if the likeliest class is taken.
  private let positive: Int?
  private let threshold: Double

  /// The likeliest class; the first of equals.
  public static let likeliest = ClassDecision(positive: nil, threshold: nil)

  /// - Parameters:
  ///   - positive: the index of the positive class (`giemsa.positive`).
  ///   - threshold: the probability of the positive class from which a picture counts as positive
  ///     (`giemsa.threshold`). Otherwise it counts as the likeliest of the other classes. If either is nil, the likeliest
  ///     class is taken.
  public init(positive: Int?, threshold: Double?) {
    self.positive = threshold == nil ? nil : positive
    self.threshold = threshold ?? 0
  }

  /// The index of the class; `probabilities` has one element at least.
  public func callAsFunction(_ probabilities: [Double]) -> Int {
    var best = -1
    for index in probabilities.indices where index != positive {
      if best < 0 || probabilities[index] > probabilities[best] { best = index }
    }
    if let positive, best < 0 || probabilities[positive] >= threshold { return positive }
    return max(best, 0)
  }
}
