import Foundation

/// What a batch's answers should be.
public struct Targets: Sendable {
  /// Class indices.
  public var labels: [Int32]
  /// Of pictures mixed with another: the other's class, and this one's share. Empty: nothing is mixed.
  public var partners: [Int32] = []
  public var shares: [Float] = []
  /// What is taken from the right class and given to all alike: Szegedy et al., "Rethinking the Inception Architecture"
  /// (2015).
  public var smoothing: Float = 0
  /// How much each class counts; empty: all the same.
  public var classWeights: [Float] = []

  public init(_ labels: [Int32]) { self.labels = labels }

  /// The probabilities wanted of a row, times what they count.
  func row(_ row: Int, into wanted: inout [Double]) {
    let even = Double(smoothing) / Double(wanted.count)
    for column in wanted.indices { wanted[column] = even }
    let share = shares.isEmpty ? 1 : Double(shares[row])
    let sure = 1 - Double(smoothing)
    wanted[Int(labels[row])] += sure * share
    if !partners.isEmpty { wanted[Int(partners[row])] += sure * (1 - share) }
    for (column, weight) in classWeights.enumerated() { wanted[column] *= Double(weight) }
  }
}

/// Cross-entropy of logits with the probabilities wanted: −Σ wanted · log softmax(logits), mean over the pictures (with
/// class weights: over what they count).
enum CrossEntropy {
  /// What all rows together count.
  static func weight(_ targets: Targets, classes: Int) -> Double {
    guard !targets.classWeights.isEmpty else { return Double(targets.labels.count) }
    var wanted = [Double](repeating: 0, count: classes)
    var weight = 0.0
    for row in targets.labels.indices {
      targets.row(row, into: &wanted)
      weight += wanted.reduce(0, +)
    }
    return weight
  }

  /// The sum over these rows.
  ///
  /// - Parameters:
  ///   - weight: what the whole batch counts, of which these rows may be a part; above 0.
  ///   - gradient: receives the gradient of the whole batch's mean, `[count, classes]`; without weights (softmax −
  ///     wanted) / count.
  static func total(
    _ logits: UnsafePointer<Float>, _ targets: Targets, classes: Int, weight: Double,
    gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    var wanted = [Double](repeating: 0, count: classes)
    let rows = targets.labels.count
    var total = 0.0
    for row in 0..<rows {
      let line = logits + row * classes
      targets.row(row, into: &wanted)
      let mass = targets.classWeights.isEmpty ? 1 : wanted.reduce(0, +)
      var highest = Double(line[0])
      for column in 1..<max(classes, 1) { highest = max(highest, Double(line[column])) }
      // Differences of large logits are exact in double only; as floats they would lose the digits that count.
      var sum = 0.0
      for column in 0..<classes { sum += exp(Double(line[column]) - highest) }
      var loss = mass * log(sum)
      for column in 0..<classes where wanted[column] != 0 { loss -= wanted[column] * (Double(line[column]) - highest) }
      total += loss
      for column in 0..<classes {
        let share = exp(Double(line[column]) - highest) / sum
        gradient[row * classes + column] = Float((mass * share - wanted[column]) / weight)
      }
    }
    return total
  }
}
