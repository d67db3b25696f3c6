import ModelGraph

/// Add, Sub, Mul, Div with broadcasting: an input that was spread out gets the sum over all its copies.
protocol ArithmeticDifferentiable: Differentiable, BinaryArithmetic {
  /// The derivatives by a and by b.
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double)
}

extension ArithmeticDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (a, b) = (Values(try inputs.required(Input.a)), Values(try inputs.required(Input.b)))
    var (da, db) = (Values(zeros: a.shape), Values(zeros: b.shape))
    let (fromA, fromB) = (a.shape.spread(over: slope.shape), b.shape.spread(over: slope.shape))
    for index in slope.elements.indices {
      let (i, j) = (fromA[index], fromB[index])
      let (byA, byB) = Self.slopes(a[i], b[j])
      da[i] += slope[index] * byA
      db[j] += slope[index] * byB
    }
    return [da, db]
  }
}

extension Add: ArithmeticDifferentiable {
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double) { (1, 1) }
}

extension Sub: ArithmeticDifferentiable {
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double) { (1, -1) }
}

extension Mul: ArithmeticDifferentiable {
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double) { (b, a) }
}

extension Div: ArithmeticDifferentiable {
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double) { (1 / b, -a / (b * b)) }
}

extension Shape {
  /// For each element of `result`, in order, the element of this shape that broadcasting puts there.
  func spread(over result: Shape) -> [Int] {
    let missing = result.rank - rank
    var steps = [Int](repeating: 0, count: result.rank)
    for (axis, step) in strides.enumerated() where extents[axis] != 1 { steps[axis + missing] = step }
    var indices = [0]
    indices.reserveCapacity(result.count)
    for axis in 0..<result.rank {
      indices = indices.flatMap { start in (0..<result[axis]).map { start + $0 * steps[axis] } }
    }
    return indices
  }
}
