import Giemsa
import Text

/// Whether rows of scores have their largest in the same class.
struct ClassAgreement {
  private(set) var rows = 0
  private(set) var same = 0

  /// nil unless both are `[N, classes]` of floats.
  init?(_ found: Tensor, _ expected: Tensor) {
    guard found.type.isFloat, found.shape.rank == 2, found.shape[1] > 1, found.shape == expected.shape else {
      return nil
    }
    let (x, y, classes) = (found.doubles, expected.doubles, found.shape[1])
    for start in stride(from: 0, to: x.count, by: classes) {
      rows += 1
      if Self.top(x[start..<(start + classes)]) == Self.top(y[start..<(start + classes)]) { same += 1 }
    }
  }

  var text: String {
    same == rows ? "; same class" : "; another class in \(rows - same) of \(rows) rows"
  }

  /// The index of the largest score.
  private static func top(_ scores: ArraySlice<Double>) -> Int {
    var best = scores.startIndex
    for index in scores.indices where scores[index] > scores[best] { best = index }
    return best
  }
}
