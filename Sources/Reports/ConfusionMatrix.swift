import ModelGraph
import Text

/// Confusion matrix: rows are actual classes, columns predicted classes.
public struct ConfusionMatrix: Sendable, Equatable {
  public let classes: [String]
  public private(set) var counts: [[Int]]

  public init(classes: [String]) {
    self.classes = classes
    counts = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
  }

  public mutating func add(actual: Int, predicted: Int) { counts[actual][predicted] += 1 }

  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }
  public var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

  /// Number of pictures of a class.
  public func actual(_ label: Int) -> Int { counts[label].reduce(0, +) }

  /// False negatives of a class: its pictures that were predicted as another class.
  public func missed(_ label: Int) -> Int { actual(label) - counts[label][label] }

  /// False positives of a class: pictures of other classes that were predicted as this one.
  public func falseAlarms(_ label: Int) -> Int {
    counts.indices.reduce(0) { $0 + ($1 == label ? 0 : counts[$1][label]) }
  }

  /// False-negative rate: fraction of the class's pictures that were missed; nil if it has none.
  public func falseNegativeRate(_ label: Int) -> Double? {
    actual(label) == 0 ? nil : Double(missed(label)) / Double(actual(label))
  }

  /// False-positive rate: fraction of the other classes' pictures predicted as this one; nil if there are none.
  public func falsePositiveRate(_ label: Int) -> Double? {
    let others = total - actual(label)
    return others == 0 ? nil : Double(falseAlarms(label)) / Double(others)
  }

  /// Recall (sensitivity): fraction of the class's pictures predicted correctly; nil if it has none.
  public func recall(_ label: Int) -> Double? {
    actual(label) == 0 ? nil : Double(counts[label][label]) / Double(actual(label))
  }

  /// Precision: fraction of the pictures predicted as the class that belong to it; nil if there are none.
  public func precision(_ label: Int) -> Double? {
    let called = counts[label][label] + falseAlarms(label)
    return called == 0 ? nil : Double(counts[label][label]) / Double(called)
  }

  /// Specificity: fraction of the other classes' pictures not predicted as this one; nil if there are none.
  public func recallOfOthers(_ label: Int) -> Double? { falsePositiveRate(label).map { 1 - $0 } }

  /// A table with a header and one row per class.
  public var text: String {
    let classes = classes.map { $0.printable }
    let corner = "actual \\ predicted"
    let first = max(corner.count, classes.map { $0.count }.max() ?? 0) + 2
    let widths = classes.indices.map { column in
      max(classes[column].count, counts.map { "\($0[column])".count }.max() ?? 0) + 2
    }
    var lines = [padded(corner, first)]
    for (column, name) in classes.enumerated() { lines[0] += aligned(name, widths[column]) }
    for (row, name) in classes.enumerated() {
      var line = padded(name, first)
      for column in classes.indices { line += aligned("\(counts[row][column])", widths[column]) }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }
}
