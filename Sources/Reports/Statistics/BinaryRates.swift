import Statistics

/// The rates of a binary classification at one threshold, with intervals by cell and by slide.
public struct BinaryRates: Sendable {
  public let truePositives: Int
  public let falseNegatives: Int
  public let falsePositives: Int
  public let trueNegatives: Int
  public let accuracy: ClusteredShare
  /// True positives among the positives.
  public let sensitivity: ClusteredShare
  /// True negatives among the negatives.
  public let specificity: ClusteredShare
  /// True positives among the predicted positives.
  public let positivePredictive: ClusteredShare
  /// True negatives among the predicted negatives.
  public let negativePredictive: ClusteredShare

  /// - Parameter groups: the slide of each picture, as a number.
  public init(isPositive: [Bool], isCalled: [Bool], groups: [Int]) {
    // Counts of each slide: true positives, false positives, false negatives, true negatives.
    var counts = [[Int]](repeating: [0, 0, 0, 0], count: (groups.max() ?? -1) + 1)
    for index in isPositive.indices {
      let kind = isPositive[index] ? (isCalled[index] ? 0 : 2) : (isCalled[index] ? 1 : 3)
      counts[groups[index]][kind] += 1
    }
    func all(_ kind: Int) -> Int { counts.reduce(0) { $0 + $1[kind] } }
    (truePositives, falsePositives, falseNegatives, trueNegatives) = (all(0), all(1), all(2), all(3))
    func share(_ hits: [Int], _ others: [Int]) -> ClusteredShare {
      ClusteredShare(
        counts.map { slide in
          let hit = hits.reduce(0) { $0 + slide[$1] }
          return (hit, hit + others.reduce(0) { $0 + slide[$1] })
        })
    }
    accuracy = share([0, 3], [1, 2])
    sensitivity = share([0], [2])
    specificity = share([3], [1])
    positivePredictive = share([0], [1])
    negativePredictive = share([3], [2])
  }

  /// All rates with names and explanations, in display order.
  func all(_ words: RateWords) -> [(name: String, meaning: String, share: ClusteredShare)] {
    let (p, n) = (words.positive, words.negative)
    return [
      (words.sensitivity, "of actual \(p)", sensitivity),
      (words.specificity, "of actual \(n)", specificity),
      (words.positivePredictive, "of predicted \(p)", positivePredictive),
      (words.negativePredictive, "of predicted \(n)", negativePredictive),
      ("Accuracy", "of all cells", accuracy),
    ]
  }
}
