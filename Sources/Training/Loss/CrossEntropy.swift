import Foundation

/// Cross-entropy of logits with the wanted probabilities: −Σ wanted · log softmax(logits), averaged over the pictures; with
/// class weights, the weighted mean.
enum CrossEntropy {
  /// Sum of the weights of all rows.
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

  /// Sum of the loss over these rows.
  ///
  /// - Parameters:
  ///   - weight: of the whole batch, of which these rows may be a part; above 0.
  ///   - gradient: receives the gradient of the whole batch's mean, `[count, classes]`. Without class weights it is
  ///     (softmax − wanted) / count.
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
      // In double, because differences of large floats would lose the digits that matter.
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
