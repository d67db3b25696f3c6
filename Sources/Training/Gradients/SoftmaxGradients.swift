import Foundation
import ModelGraph

extension Softmax: Differentiable {
  /// dx = y · (dy − Σ dy · y) along the axis.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let y = Values(output)
    return [
      try axis.lines(slope, of: Self.name) { indices in
        let mean = indices.reduce(0) { $0 + slope[$1] * y[$1] }
        return indices.map { y[$0] * (slope[$0] - mean) }
      }
    ]
  }
}

extension LogSoftmax: Differentiable {
  /// dx = dy − e^y · Σ dy along the axis.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let y = Values(output)
    return [
      try axis.lines(slope, of: Self.name) { indices in
        let sum = indices.reduce(0) { $0 + slope[$1] }
        return indices.map { slope[$0] - exp(y[$0]) * sum }
      }
    ]
  }
}

extension SoftmaxAxis {
  /// New values for every line of indices along the axis.
  func lines(
    _ slope: Values, of name: String, _ transform: ([Int]) -> [Double]
  ) throws(GraphError) -> Values {
    let (outer, count, inner) = try split(slope.shape, of: name)
    var result = Values(zeros: slope.shape)
    for line in 0..<outer * inner {
      let start = line / max(inner, 1) * count * inner + line % max(inner, 1)
      let indices = (0..<count).map { start + $0 * inner }
      for (index, value) in zip(indices, transform(indices)) { result[index] = value }
    }
    return result
  }
}
