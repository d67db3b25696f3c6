import Foundation
import ModelGraph

/// Add, Sub, Mul, Div and their kind with broadcasting: an input that was spread out gets the sum over all its copies.
protocol ArithmeticDifferentiable: Differentiable, OperatorDefinition {
  /// The derivatives by a and by b.
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double)
}

extension ArithmeticDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (left, right) = (try inputs.required(Self.inputs[0]), try inputs.required(Self.inputs[1]))
    let (a, b) = (Values(left), Values(right))
    var (da, db) = (Values(zeros: a.shape), Values(zeros: b.shape))
    let (fromA, fromB) = (a.shape.spread(over: slope.shape), b.shape.spread(over: slope.shape))
    for index in slope.elements.indices {
      let (i, j) = (fromA[index], fromB[index])
      let (byA, byB) = Self.slopes(a[i], b[j])
      da[i] += slope[index] * byA
      db[j] += slope[index] * byB
    }
    // Pow takes integers as exponents, to which no gradient flows.
    return [left.type.isFloat ? da : nil, right.type.isFloat ? db : nil]
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

extension Pow: ArithmeticDifferentiable {
  /// By b it is 0 where a has no logarithm: b is mostly a whole number there, and constant.
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double) {
    (b == 0 ? 0 : b * pow(a, b - 1), a > 0 ? pow(a, b) * log(a) : 0)
  }
}

extension PRelu: ArithmeticDifferentiable {
  static func slopes(_ a: Double, _ b: Double) -> (Double, Double) { a > 0 ? (1, 0) : (b, a) }
}

extension Where: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let condition = Values(try inputs.required(Input.condition))
    let (x, y) = (try inputs.required(Input.x), try inputs.required(Input.y))
    var (dx, dy) = (Values(zeros: x.shape), Values(zeros: y.shape))
    let choice = condition.shape.spread(over: slope.shape)
    let (fromX, fromY) = (x.shape.spread(over: slope.shape), y.shape.spread(over: slope.shape))
    for index in slope.elements.indices {
      if condition[choice[index]] != 0 { dx[fromX[index]] += slope[index] } else { dy[fromY[index]] += slope[index] }
    }
    return [nil, dx, dy]
  }
}

/// Operators of any number of inputs with broadcasting.
protocol VariadicDifferentiable: Differentiable, VariadicOperator {
  /// The derivative by each of the elements that were combined.
  static func slopes(_ elements: [Double], result: Double) -> [Double]
}

extension VariadicDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let items = try inputs.all().map { Values($0) }
    let result = Values(output)
    var gradients = items.map { Values(zeros: $0.shape) }
    let origins = items.map { $0.shape.spread(over: slope.shape) }
    for index in slope.elements.indices {
      let slopes = Self.slopes(zip(items, origins).map { $0[$1[index]] }, result: result[index])
      for item in items.indices { gradients[item][origins[item][index]] += slope[index] * slopes[item] }
    }
    return gradients
  }
}

extension Sum: VariadicDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { elements.map { _ in 1 } }
}

extension Mean: VariadicDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] {
    elements.map { _ in 1 / Double(elements.count) }
  }
}

extension Max: VariadicDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { sharesOfEquals(elements, result) }
}

extension Min: VariadicDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { sharesOfEquals(elements, result) }
}

/// The slope goes to the element that was taken; of two equals each gets half of it, as in PyTorch.
private func sharesOfEquals(_ elements: [Double], _ result: Double) -> [Double] {
  let count = elements.count { $0 == result }
  return elements.map { $0 == result ? 1 / Double(count) : 0 }
}

extension Shape {
  /// For each element of `result`, in order, the element of this shape that broadcasting puts there.
  func spread(over result: Shape) -> [Int] {
    let missing = result.rank - rank
    var steps = [Int](repeating: 0, count: result.rank)
    for (axis, step) in strides.enumerated() where extents[axis] != 1 { steps[axis + missing] = step }
    var indices = [0]
    for axis in 0..<result.rank {
      let (extent, step) = (result[axis], steps[axis])
      var longer: [Int] = []
      longer.reserveCapacity(indices.count * extent)
      for start in indices {
        for place in 0..<extent { longer.append(start + place * step) }
      }
      indices = longer
    }
    return indices
  }
}
