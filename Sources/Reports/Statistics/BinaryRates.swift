/// What two classes come to at one threshold, by cell and by slide.
public struct BinaryRates: Sendable {
  public let truePositives: Int
  public let falseNegatives: Int
  public let falsePositives: Int
  public let trueNegatives: Int
  public let accuracy: ClusteredShare
  /// Of the positive ones, how many are found.
  public let sensitivity: ClusteredShare
  /// Of the others, how many are let go.
  public let specificity: ClusteredShare
  /// Of those called positive, how many are.
  public let positivePredictive: ClusteredShare
  /// Of those called negative, how many are.
  public let negativePredictive: ClusteredShare

  /// - Parameter groups: a number for each picture, the same for those of one slide.
  public init(isPositive: [Bool], isCalled: [Bool], groups: [Int]) {
    // True and false positives, false and true negatives of each slide.
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

  /// In the order in which they are told, with their names.
  func all(_ words: RateWords) -> [(name: String, meaning: String, share: ClusteredShare)] {
    let (p, n) = (words.positive, words.negative)
    return [
      (words.sensitivity, "of \(p), called so", sensitivity),
      (words.specificity, "of \(n), called so", specificity),
      (words.positivePredictive, "of those called \(p), right", positivePredictive),
      (words.negativePredictive, "of those called \(n), right", negativePredictive),
      ("Accuracy", "of all, right", accuracy),
    ]
  }
}
