// The common part of LayerNormalization and its kind: rows of elements are brought to mean 0 and variance 1, then
// scaled and shifted. All of it is computed in double precision and rounded once.

import Text

/// A tensor whose rows have mean 0 and variance 1.
struct Standardized {
  /// float64, in the shape of the tensor that it was made of.
  var values: Tensor
  /// float64 `[rows]`: the mean of each row before.
  var means: Tensor
  /// float64 `[rows]`: what each row was multiplied by, 1/√(variance + epsilon).
  var factors: Tensor
}

extension Tensor {
  /// Divides a float tensor into `rows` rows of equal length and replaces each by (x − mean) / √(variance + epsilon).
  ///
  /// - Parameter keepsMean: x / √(mean of x² + epsilon) instead.
  func standardized(rows: Int, epsilon: Float, keepsMean: Bool = false) throws(GraphError) -> Standardized {
    var values = try converted(to: .float64)
    var means = try Tensor(zeros: [rows], type: .float64)
    var factors = means
    values.withMutableElements(Double.self) { values in
      means.withMutableElements(Double.self) { means in
        factors.withMutableElements(Double.self) { factors in
          let length = rows == 0 ? 0 : values.count / rows
          for row in 0..<rows {
            let range = row * length..<(row + 1) * length
            var mean = 0.0
            if !keepsMean {
              for index in range { mean += values[index] }
              mean /= Double(length)
            }
            var squares = 0.0
            for index in range {
              let difference = values[index] - mean
              squares += difference * difference
            }
            let factor = 1 / (squares / Double(length) + Double(epsilon)).squareRoot()
            for index in range { values[index] = (values[index] - mean) * factor }
            (means[row], factors[row]) = (mean, factor)
          }
        }
      }
    }
    return Standardized(values: values, means: means, factors: factors)
  }

  /// Each element times that of `scale`, plus that of `bias`; both broadcast to this float tensor.
  func affine(_ scale: Tensor, _ bias: Tensor?, of operatorName: String) throws(GraphError) -> Tensor {
    let scaled = try combined(with: scale, of: operatorName) { $0 * $1 }
    guard let bias else { return scaled }
    return try scaled.combined(with: bias, of: operatorName) { $0 + $1 }
  }

  /// This vector `[C]` as `[C, 1, …]`, which broadcasts along the channels of `[N, C, …]` data of `rank` axes.
  func alongChannels(_ rank: Int) throws(GraphError) -> Tensor {
    try reshaped(Shape([count] + [Int](repeating: 1, count: max(rank - 2, 0))))
  }
}

extension Inputs where Element == Fact {
  /// Throws E208 or E204 unless the input, where the node has it, is of the type of `x` and broadcasts to its shape.
  func check(_ input: OperatorInput, broadcastsTo x: OperatorInput) throws(GraphError) {
    try check(input, matches: x)
    guard let shape = self[input]?.shape, let wanted = self[x]?.shape else { return }
    guard Shape.broadcast(shape, wanted) == wanted else {
      throw .mismatch("\(operatorName): \(input.name) is \(shape), which does not broadcast to \(wanted)")
    }
  }

  /// Throws E204 unless the input, where the node has it, is of this shape.
  func check(_ input: OperatorInput, isShaped wanted: Shape) throws(GraphError) {
    guard let shape = self[input]?.shape, shape != wanted else { return }
    throw .mismatch("\(operatorName): \(input.name) is \(shape), must be \(wanted)")
  }
}

extension AttributeReader {
  /// `stash_type`: the type in which other engines compute statistics. Throws E206 for one that is not a float type.
  func stashType() throws(GraphError) -> ElementType {
    let type = try elementType("stash_type", int("stash_type", default: ElementType.float32.onnxNumber))
    guard type.isFloat else { throw bad("stash_type", "is \(type.name), must be a float type") }
    return type
  }
}
