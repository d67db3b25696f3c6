/// fastai's `symmetric_warp`: a change of perspective.
public struct FastaiWarp: PictureTransform {
  /// Maximum displacement of a corner, in coordinates from -1 to 1.
  public var magnitude = 0.2
  public var probability = 0.75

  public init(magnitude: Double = 0.2, probability: Double = 0.75) {
    self.magnitude = magnitude
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let moves = (0..<4).map { _ in random.uniform(-magnitude...magnitude) }
    change.warp(FastaiWarp.perspective(moves) ?? [1, 0, 0, 0, 1, 0, 0, 0])
  }

  /// The projective map from the moved corners back to the picture's: x' = (a·x + b·y + c) / (g·x + h·y + 1), y' = (d·x
  /// + e·y + f) / (…), as [a, b, c, d, e, f, g, h]. nil if the system is singular.
  package static func perspective(_ moves: [Double]) -> [Double]? {
    let corners: [(Double, Double)] = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    let targets = [
      (-1 - moves[3], -1 - moves[1]), (-1 - moves[2], 1 + moves[1]), (1 + moves[3], -1 - moves[0]),
      (1 + moves[2], 1 + moves[0]),
    ]
    var rows: [[Double]] = []
    for ((x, y), (toX, toY)) in zip(targets, corners) {
      rows.append([x, y, 1, 0, 0, 0, -toX * x, -toX * y, toX])
      rows.append([0, 0, 0, x, y, 1, -toY * x, -toY * y, toY])
    }
    // Gauss–Jordan elimination with partial pivoting.
    for column in 0..<8 {
      guard let pivot = (column..<8).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
        abs(rows[pivot][column]) > 1e-12
      else { return nil }
      rows.swapAt(column, pivot)
      for row in 0..<8 where row != column {
        let factor = rows[row][column] / rows[column][column]
        for index in column..<9 { rows[row][index] -= factor * rows[column][index] }
      }
    }
    return (0..<8).map { rows[$0][8] / rows[$0][$0] }
  }
}
