import Reports
import Testing

@Suite struct FoldTableTests {
  private func result(_ counts: [[Int]], last: Double?) -> FoldResult {
    var matrix = ConfusionMatrix(classes: ["sick", "well"])
    for actual in 0..<2 {
      for predicted in 0..<2 {
        for _ in 0..<counts[actual][predicted] { matrix.add(actual: actual, predicted: predicted) }
      }
    }
    return FoldResult(matrix, positive: 0, bestEpoch: 3, lastAccuracy: last)
  }

  /// By hand: accuracies 0.8, 0.9 and 1 have the mean 0.9 and the deviation √(0.02 / 2) = 0.1.
  @Test func meanAndDeviation() {
    let table = FoldTable(
      [
        result([[3, 1], [1, 5]], last: 0.5), result([[4, 1], [0, 5]], last: 0.6),
        result([[5, 0], [0, 5]], last: 0.7),
      ], classes: ["sick", "well"], positive: PositiveClass(index: 0, origin: .names))
    #expect(table.results.map { $0.accuracy } == [0.8, 0.9, 1])
    #expect(table.results.map { $0.sensitivity } == [0.75, 0.8, 1])
    #expect(table.text.contains("90.00 ± 10.00  60.00 ± 10.00"))
    #expect(table.text.contains("positive class: sick"))
    let lines = table.csv.split(separator: "\n")
    #expect(lines[0] == "fold,pictures,best_epoch,accuracy,last_accuracy,sensitivity,specificity,positive_class")
    #expect(lines[1] == "1,10,3,0.8,0.5,0.75,0.8333333333333334,sick")
    #expect(lines.count == 6 && lines[4].hasPrefix("mean,,,0.9"))
    #expect(abs((Double(lines[5].split(separator: ",")[1]) ?? 0) - 0.1) < 1e-12)
  }

  @Test func oneUnknownLastEpochTakesTheColumnAway() {
    let table = FoldTable(
      [result([[3, 1], [1, 5]], last: 0.5), result([[4, 1], [0, 5]], last: nil)],
      classes: ["sick", "well"], positive: nil)
    #expect(!table.csv.contains("last_accuracy"))
    // Without a positive class, each class by name.
    #expect(table.csv.hasPrefix("fold,pictures,best_epoch,accuracy,recall of sick,recall of well\n"))
    #expect(!table.csv.contains("sensitivity") && !table.text.contains("sensitivity"))
    #expect(table.csv.contains("\n1,10,3,0.8,0.75,0.8333333333333334\n"))
  }
}
