import Foundation

/// Cross-entropy of logits, mean over the pictures: −log softmax(logits)[label].
enum CrossEntropy {
  /// - Parameter gradient: receives (softmax − one-hot) / count, `[count, classes]`; nil: only the loss.
  static func loss(
    _ logits: UnsafePointer<Float>, labels: [Int32], classes: Int, gradient: UnsafeMutablePointer<Float>?
  ) -> Float {
    var total = 0.0
    for (row, label) in labels.enumerated() {
      let line = logits + row * classes
      var highest = line[0]
      for column in 1..<max(classes, 1) { highest = max(highest, line[column]) }
      var sum = 0.0
      for column in 0..<classes { sum += exp(Double(line[column] - highest)) }
      total += log(sum) - Double(line[Int(label)] - highest)
      if let gradient {
        for column in 0..<classes {
          let share = exp(Double(line[column] - highest)) / sum
          gradient[row * classes + column] =
            Float((share - (column == Int(label) ? 1 : 0)) / Double(labels.count))
        }
      }
    }
    return Float(total / Double(max(labels.count, 1)))
  }
}
