import Foundation
import ModelGraph
import Text

/// Results of one fold's network on its validation pictures.
public struct FoldResult: Sendable {
  public var pictures: Int
  /// The best epoch, counted from 0; nil if unknown.
  public var bestEpoch: Int?
  /// Accuracy of the best epoch's network, 0...1.
  public var accuracy: Double
  /// Accuracy of the last epoch's network, 0...1; nil if unknown.
  public var lastAccuracy: Double?
  /// Recall of each class, 0...1, or NaN.
  public var recalls: [Double]
  /// Sensitivity and specificity, if a positive class is known; 0...1, or NaN.
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

  /// - Parameter positive: the positive class of the results.
  public init(_ results: [FoldResult], classes: [String], positive: PositiveClass?) {
    self.results = results
    self.classes = classes
    self.positive = positive
  }

  public static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Sample standard deviation (sum of squares divided by n − 1); NaN for fewer than two values.
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

  /// Columns for sensitivity and specificity, or for each class's recall if no positive class is known.
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

  /// With more than four classes only the mean recall, so that the table fits on a terminal.
  private var shownRates: [Column] {
    guard positive == nil, classes.count > 4 else { return rates }
    return [("mean recall", "", results.map { FoldTable.mean($0.recalls) })]
  }

  /// A table with one line per fold and one for mean ± standard deviation, in per cent.
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
    // As wide as the text before the first number in the other lines, so that the columns align.
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

  /// CSV: one line per fold, then `mean` and `sd`; fractions from 0 to 1. The last column names the positive class.
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
