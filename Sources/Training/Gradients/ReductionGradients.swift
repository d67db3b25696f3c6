import Foundation
import ModelGraph

/// Reducing is broadcasting read backwards: every element takes the slope of the result that it went into, times its own
/// derivative.
protocol ReductionDifferentiable: Differentiable {
  var reduction: Reduction { get }
  /// The derivative of the result by each of the elements that were reduced to it.
  static func slopes(_ elements: [Double], result: Double) -> [Double]
}

extension ReductionDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Reduction.Input.data))
    let y = Values(output)
    let reduced = try ReduceSum(reduction).reducedAxes(of: x.shape, axes: inputs[Reduction.Input.axes])
    let kept = Shape(zip(x.shape.extents, reduced).map { $1 ? 1 : $0 })
    var members = [[Int]](repeating: [], count: kept.count)
    for (index, place) in kept.spread(over: x.shape).enumerated() { members[place].append(index) }
    var dx = Values(zeros: x.shape)
    for (place, indices) in members.enumerated() {
      let slopes = Self.slopes(indices.map { x[$0] }, result: y[place])
      for (index, derivative) in zip(indices, slopes) { dx[index] = slope[place] * derivative }
    }
    return [dx, nil]
  }
}

extension ReduceSum: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { elements.map { _ in 1 } }
}

extension ReduceMean: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] {
    elements.map { _ in 1 / Double(elements.count) }
  }
}

extension ReduceL1: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { elements.map { $0.direction } }
}

extension ReduceL2: ReductionDifferentiable {
  /// 0 where all elements are 0, as in PyTorch.
  static func slopes(_ elements: [Double], result: Double) -> [Double] {
    elements.map { result == 0 ? 0 : $0 / result }
  }
}

extension ReduceSumSquare: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { elements.map { 2 * $0 } }
}

extension ReduceProd: ReductionDifferentiable {
  /// The product of all others, without a division: one of them may be 0.
  static func slopes(_ elements: [Double], result: Double) -> [Double] {
    var slopes = elements
    var before = 1.0
    for index in elements.indices {
      slopes[index] = before
      before *= elements[index]
    }
    var behind = 1.0
    for index in elements.indices.reversed() {
      slopes[index] *= behind
      behind *= elements[index]
    }
    return slopes
  }
}

extension ReduceLogSum: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { elements.map { _ in exp(-result) } }
}

extension ReduceLogSumExp: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { elements.map { exp($0 - result) } }
}

extension ReduceMax: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { slopesOfFirst(elements, { $0 > $1 }) }
}

extension ReduceMin: ReductionDifferentiable {
  static func slopes(_ elements: [Double], result: Double) -> [Double] { slopesOfFirst(elements, { $0 < $1 }) }
}

/// The slope goes to the element that was taken: the first of equals.
private func slopesOfFirst(_ elements: [Double], _ isBetter: (Double, Double) -> Bool) -> [Double] {
  var best = 0
  for index in elements.indices where isBetter(elements[index], elements[best]) { best = index }
  return elements.indices.map { $0 == best ? 1 : 0 }
}
