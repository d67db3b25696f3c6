import Foundation
import ModelGraph
import Text

/// How good one fold's network is on what the fold kept back.
public struct FoldResult: Sendable {
  public var pictures: Int
  /// Counted from 0; nil where it is not known.
  public var bestEpoch: Int?
  /// 0...1, of the best epoch's network.
  public var accuracy: Double
  /// 0...1, of the last epoch's; nil where it is not known.
  public var lastAccuracy: Double?
  /// Of each class: of its pictures, the share that was told right. 0...1, or no number.
  public var recalls: [Double]
  /// Of the positive class and of all others, where one is known. 0...1, or no number.
  public var sensitivity: Double?
  public var specificity: Double?

  public init(_ matrix: ConfusionMatrix, positive: Int?, bestEpoch: Int?, lastAccuracy: Double?) {
    pictures = matrix.total
    self.bestEpoch = bestEpoch
    accuracy = matrix.accuracy
    self.lastAccuracy = lastAccuracy
    recalls = matrix.classes.indices.map { matrix.recall($0) ?? .nan }
    sensitivity = positive.map { matrix.recall($0) ?? .nan }
    specificity = positive.map { matrix.recallOfOthers($0) ?? .nan }
  }
}

/// The results of K folds, with mean and standard deviation.
public struct FoldTable: Sendable {
  public let results: [FoldResult]
  private let classes: [String]
  private let positive: PositiveClass?

  /// - Parameter positive: the class that the results' sensitivity is of.
  public init(_ results: [FoldResult], classes: [String], positive: PositiveClass?) {
    self.results = results
    self.classes = classes
    self.positive = positive
  }

  public static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// The sample's: the squares' sum divided by n − 1. No number for fewer than two values.
  public static func deviation(_ values: [Double]) -> Double {
    let middle = mean(values)
    return (values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(values.count - 1)).squareRoot()
  }

  private typealias Column = (name: String, key: String, values: [Double])

  private var common: [Column] {
    let last = results.compactMap { $0.lastAccuracy }
    return [("accuracy", "accuracy", results.map { $0.accuracy })]
      + (last.count == results.count ? [("last epoch", "last_accuracy", last)] : [])
  }

  /// Sensitivity and specificity of the positive class; where none is known, each class's recall.
  var rates: [(name: String, key: String, values: [Double])] {
    guard positive != nil else {
      return classes.indices.map { label in
        let name = "recall of \(classes[label])"
        return (name, name, results.map { $0.recalls[label] })
      }
    }
    return [
      ("sensitivity", "sensitivity", results.map { $0.sensitivity ?? .nan }),
      ("specificity", "specificity", results.map { $0.specificity ?? .nan }),
    ]
  }

  /// Of more than four classes the mean alone: the table of a terminal is no wider than that.
  private var shownRates: [Column] {
    guard positive == nil, classes.count > 4 else { return rates }
    return [("mean recall", "", results.map { FoldTable.mean($0.recalls) })]
  }

  /// A table with a line for each fold and one for mean ± standard deviation, in per cent.
  public var text: String {
    let columns = common + shownRates
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
      let name = column.name.printable
      let width = max(15, name.count + 2)
      lines[0] += aligned(name, width)
      for number in results.indices { lines[number + 1] += aligned(percent(column.values[number]), width) }
      let spread = percent(FoldTable.deviation(column.values))
      lines[results.count + 1] += aligned("\(percent(FoldTable.mean(column.values))) ± \(spread)", width)
    }
    return lines.joined(separator: "\n") + "\n\(PositiveClass.told(positive, of: classes).printable); best epoch\n"
  }

  /// One line a fold, then `mean` and `sd`; shares from 0 to 1. The last column names the class that sensitivity is of.
  public var csv: String {
    func number(_ value: Double) -> String { value.isFinite ? NumberText.shortest(value) : "" }
    let columns = common + rates
    let whose = positive.map { [classes[$0.index]] } ?? []
    var rows = [
      ["fold", "pictures", "best_epoch"] + columns.map { $0.key } + (whose.isEmpty ? [] : ["positive_class"])
    ]
    for (index, result) in results.enumerated() {
      rows.append(
        ["\(index + 1)", "\(result.pictures)", result.bestEpoch.map { "\($0)" } ?? ""]
          + columns.map { number($0.values[index]) } + whose)
    }
    for (name, value) in [("mean", FoldTable.mean), ("sd", FoldTable.deviation)] {
      rows.append([name, "", ""] + columns.map { number(value($0.values)) } + whose)
    }
    return rows.map { $0.map { CSVText.cell($0) }.joined(separator: ",") + "\n" }.joined()
  }
}
