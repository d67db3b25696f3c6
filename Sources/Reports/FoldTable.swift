import Foundation
import ModelGraph

/// How good one fold's network is on what the fold kept back.
public struct FoldResult: Sendable {
  public var pictures: Int
  /// Counted from 0; nil where it is not known.
  public var bestEpoch: Int?
  /// 0...1, of the best epoch's network.
  public var accuracy: Double
  /// 0...1, of the last epoch's; nil where it is not known.
  public var lastAccuracy: Double?
  /// Of two classes the positive one's; of more the mean over the classes. 0...1.
  public var sensitivity: Double
  public var specificity: Double

  public init(_ matrix: ConfusionMatrix, positive: Int, bestEpoch: Int?, lastAccuracy: Double?) {
    pictures = matrix.total
    self.bestEpoch = bestEpoch
    accuracy = matrix.accuracy
    self.lastAccuracy = lastAccuracy
    let labels = matrix.classes.count == 2 ? [positive] : Array(matrix.classes.indices)
    sensitivity = FoldTable.mean(labels.map { 1 - (matrix.falseNegativeRate($0) ?? .nan) })
    specificity = FoldTable.mean(labels.map { 1 - (matrix.falsePositiveRate($0) ?? .nan) })
  }
}

/// The results of K folds, with mean and standard deviation.
public struct FoldTable: Sendable {
  public let results: [FoldResult]

  public init(_ results: [FoldResult]) { self.results = results }

  public static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// The sample's: the squares' sum divided by n − 1. No number for fewer than two values.
  public static func deviation(_ values: [Double]) -> Double {
    let middle = mean(values)
    return (values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(values.count - 1)).squareRoot()
  }

  private typealias Column = (name: String, key: String, values: [Double])

  private var columns: [Column] {
    var columns: [Column] = [("accuracy", "accuracy", results.map { $0.accuracy })]
    let last = results.compactMap { $0.lastAccuracy }
    if last.count == results.count { columns.append(("last epoch", "last_accuracy", last)) }
    columns.append(("sensitivity", "sensitivity", results.map { $0.sensitivity }))
    columns.append(("specificity", "specificity", results.map { $0.specificity }))
    return columns
  }

  /// A table with a line for each fold and one for mean ± standard deviation, in per cent.
  ///
  /// - Parameter positive: whose sensitivity it is, of two classes.
  public func text(positive: String?) -> String {
    func percent(_ value: Double) -> String { value.isFinite ? NumberText.fixed(value * 100, 2) : "-" }
    var lines = ["fold   pictures  best epoch"]
    for number in results.indices {
      let result = results[number]
      lines.append(
        padded("\(number + 1)", 7) + padded("\(result.pictures)", 10)
          + padded(result.bestEpoch.map { "\($0)" } ?? "-", 10))
    }
    lines.append(padded("mean ± standard deviation, %", 27))
    // As wide as the text before the first number is everywhere.
    for index in lines.indices { lines[index] = padded(lines[index], 29) }
    for column in columns {
      let width = 15
      lines[0] += aligned(column.name, width)
      for number in results.indices { lines[number + 1] += aligned(percent(column.values[number]), width) }
      let spread = percent(FoldTable.deviation(column.values))
      lines[results.count + 1] += aligned("\(percent(FoldTable.mean(column.values))) ± \(spread)", width)
    }
    let whose = positive.map { "of \($0)" } ?? "means over the classes"
    return lines.joined(separator: "\n") + "\nsensitivity and specificity: \(whose), best epoch\n"
  }

  /// One line a fold, then `mean` and `sd`; shares from 0 to 1.
  public var csv: String {
    func number(_ value: Double) -> String { value.isFinite ? NumberText.shortest(value) : "" }
    let columns = columns
    var text = (["fold", "pictures", "best_epoch"] + columns.map { $0.key }).joined(separator: ",") + "\n"
    for index in results.indices {
      text += "\(index + 1),\(results[index].pictures),\(results[index].bestEpoch.map { "\($0)" } ?? "")"
      for column in columns { text += "," + number(column.values[index]) }
      text += "\n"
    }
    for (name, value) in [("mean", FoldTable.mean), ("sd", FoldTable.deviation)] {
      text += "\(name),,"
      for column in columns { text += "," + number(value(column.values)) }
      text += "\n"
    }
    return text
  }
}
