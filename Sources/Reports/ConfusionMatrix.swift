import ModelGraph
import Text

/// How often each class was taken for each: rows are what pictures are, columns what they were taken for.
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

  /// Pictures of a class.
  public func actual(_ label: Int) -> Int { counts[label].reduce(0, +) }

  /// Pictures of a class that were taken for another: its false negatives.
  public func missed(_ label: Int) -> Int { actual(label) - counts[label][label] }

  /// Pictures of other classes that were taken for this one: its false positives.
  public func falseAlarms(_ label: Int) -> Int {
    counts.indices.reduce(0) { $0 + ($1 == label ? 0 : counts[$1][label]) }
  }

  /// Share of the class's pictures that were missed; nil where there are none.
  public func falseNegativeRate(_ label: Int) -> Double? {
    actual(label) == 0 ? nil : Double(missed(label)) / Double(actual(label))
  }

  /// Share of the other classes' pictures that were taken for this one; nil where there are none.
  public func falsePositiveRate(_ label: Int) -> Double? {
    let others = total - actual(label)
    return others == 0 ? nil : Double(falseAlarms(label)) / Double(others)
  }

  /// Share of the class's pictures that were told right; nil where there are none.
  public func recall(_ label: Int) -> Double? {
    actual(label) == 0 ? nil : Double(counts[label][label]) / Double(actual(label))
  }

  /// Share of the pictures taken for the class that are of it; nil where there are none.
  public func precision(_ label: Int) -> Double? {
    let called = counts[label][label] + falseAlarms(label)
    return called == 0 ? nil : Double(counts[label][label]) / Double(called)
  }

  /// Share of the other classes' pictures that were not taken for this one; nil where there are none.
  public func recallOfOthers(_ label: Int) -> Double? { falsePositiveRate(label).map { 1 - $0 } }

  /// A table with a header, one row a class.
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
