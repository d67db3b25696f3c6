/// A surface a + bx + cy + dx² + exy + fy² over −1 ≤ x, y ≤ 1, fitted by least squares.
struct QuadraticSurface {
  private(set) var terms = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

  func value(_ x: Double, _ y: Double) -> Double {
    terms.0 + terms.1 * x + terms.2 * y + terms.3 * x * x + terms.4 * x * y + terms.5 * y * y
  }

  /// Sums over samples from which surfaces of several values at the same places are fitted.
  struct Fit {
    /// Powers of x and of y in each term.
    private static let powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    /// Σ of products of two terms, symmetric 6 × 6; then Σ of term times value, 6 for each value.
    private var products = [Double](repeating: 0, count: 36)
    private var values: [Double]
    private(set) var samples = 0.0

    init(values count: Int) { values = [Double](repeating: 0, count: 6 * count) }

    /// Sums over the samples of one row, where y is the same for all.
    struct Row {
      /// Σ xⁿ, n = 0 to 4.
      fileprivate var moments = (0.0, 0.0, 0.0, 0.0, 0.0)
      /// Σ of value times xⁿ, n = 0 to 2, for each of three values.
      fileprivate var sums = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))

      mutating func add(_ x: Double, _ sample: (Double, Double, Double)) {
        let square = x * x
        moments.0 += 1
        moments.1 += x
        moments.2 += square
        moments.3 += square * x
        moments.4 += square * square
        func add(_ value: Double, _ sums: inout (Double, Double, Double)) {
          sums.0 += value
          sums.1 += value * x
          sums.2 += value * square
        }
        add(sample.0, &sums.0)
        add(sample.1, &sums.1)
        add(sample.2, &sums.2)
      }
    }

    mutating func add(_ row: Row, y: Double) {
      let moments = [row.moments.0, row.moments.1, row.moments.2, row.moments.3, row.moments.4]
      let heights = [1, y, y * y, y * y * y, y * y * y * y]
      let sums = [row.sums.0, row.sums.1, row.sums.2].map { [$0.0, $0.1, $0.2] }
      for (i, (x, y)) in Fit.powers.enumerated() {
        for (j, other) in Fit.powers.enumerated() where j <= i {
          products[i * 6 + j] += moments[x + other.0] * heights[y + other.1]
        }
        for value in 0..<(values.count / 6) { values[value * 6 + i] += sums[value][x] * heights[y] }
      }
      samples += row.moments.0
    }

    /// The surface of value `index`. A small weight on all terms but the constant keeps it flat where samples say little.
    func surface(_ index: Int) -> QuadraticSurface {
      var matrix = [Double](repeating: 0, count: 42)
      for i in 0..<6 {
        for j in 0..<6 { matrix[i * 7 + j] = i >= j ? products[i * 6 + j] : products[j * 6 + i] }
        if i > 0 { matrix[i * 7 + i] += 0.002 * samples }
        matrix[i * 7 + 6] = values[index * 6 + i]
      }
      // Gaussian elimination; the matrix is positive definite.
      for i in 0..<6 {
        let pivot = matrix[i * 7 + i]
        if pivot <= 0 { continue }
        for row in (i + 1)..<7 where row < 6 {
          let factor = matrix[row * 7 + i] / pivot
          for column in i..<7 { matrix[row * 7 + column] -= factor * matrix[i * 7 + column] }
        }
      }
      var solution = [Double](repeating: 0, count: 6)
      for i in stride(from: 5, through: 0, by: -1) {
        var rest = matrix[i * 7 + 6]
        for column in (i + 1)..<7 where column < 6 { rest -= matrix[i * 7 + column] * solution[column] }
        let pivot = matrix[i * 7 + i]
        solution[i] = pivot > 0 ? rest / pivot : 0
      }
      var surface = QuadraticSurface()
      surface.terms = (solution[0], solution[1], solution[2], solution[3], solution[4], solution[5])
      return surface
    }
  }
}
