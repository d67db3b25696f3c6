/// A surface a + bx + cy + dx² + exy + fy² over −1 ≤ x, y ≤ 1, fitted by least squares.
struct QuadraticSurface {
  private(set) var terms = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

  func value(_ x: Double, _ y: Double) -> Double {
    terms.0 + terms.1 * x + terms.2 * y + terms.3 * x * x + terms.4 * x * y + terms.5 * y * y
  }

  /// Sums over samples from which surfaces of several values at the same places are fitted.
  struct Fit {
    /// Σ of products of two basis functions, symmetric 6 × 6; then Σ of basis function times value, 6 for each value.
    private var products = [Double](repeating: 0, count: 36)
    private var values: [Double]
    private(set) var samples = 0

    init(values count: Int) { values = [Double](repeating: 0, count: 6 * count) }

    mutating func add(_ x: Double, _ y: Double, _ sample: (Double, Double, Double)) {
      let basis = (1.0, x, y, x * x, x * y, y * y)
      func f(_ i: Int) -> Double {
        switch i {
        case 0: basis.0
        case 1: basis.1
        case 2: basis.2
        case 3: basis.3
        case 4: basis.4
        default: basis.5
        }
      }
      for i in 0..<6 {
        for j in 0...i { products[i * 6 + j] += f(i) * f(j) }
        values[i] += f(i) * sample.0
        values[6 + i] += f(i) * sample.1
        values[12 + i] += f(i) * sample.2
      }
      samples += 1
    }

    /// The surface of value `index`. A small weight on all terms but the constant keeps it flat where samples say little.
    func surface(_ index: Int) -> QuadraticSurface {
      var matrix = [Double](repeating: 0, count: 42)
      for i in 0..<6 {
        for j in 0..<6 { matrix[i * 7 + j] = i >= j ? products[i * 6 + j] : products[j * 6 + i] }
        if i > 0 { matrix[i * 7 + i] += 0.002 * Double(samples) }
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
