// Inputs that must be known before the model runs, besides vectors of integers (IntegerInputs.swift).

import Text

extension Inputs where Element == Fact {
  /// The value of an input. Throws E207 where the node leaves it out, E211 if it is not known before the model runs.
  func known(_ input: OperatorInput) throws(GraphError) -> Tensor {
    guard let value = try required(input).constant else {
      throw GraphError(
        .notConstant,
        "\(operatorName): the output's shape depends on the value of input '\(input.name)', "
          + "which is not known before the model runs. Make it an initialiser")
    }
    return value
  }

  /// The values of all inputs, for operators whose output is as large as they say. Throws E211 if one is not known, or
  /// has more than `most` elements: a shape rule is applied often, and should not compute for long.
  func allKnown(most: Int) throws(GraphError) -> Inputs<Tensor> {
    var values: [Tensor?] = []
    for (index, fact) in items.enumerated() {
      if let fact, fact.constant == nil || fact.shape.count > most {
        throw GraphError(
          .notConstant,
          "\(operatorName): the output's shape depends on the values of input \(index), "
            + "which are not known before the model runs")
      }
      values.append(fact?.constant)
    }
    return Inputs<Tensor>(operatorName, values)
  }

  /// The values of a float vector, or nil where the node leaves it out. Throws E211 if they are not known.
  func optionalReals(_ input: OperatorInput) throws(GraphError) -> [Double]? {
    guard let fact = self[input] else { return nil }
    try check(input, is: ElementType.floats)
    guard fact.shape.rank <= 1 else {
      throw GraphError.wrongRank("\(operatorName): input '\(input.name)'", expected: 1, found: fact.shape.rank)
    }
    return try known(input).doubles
  }

  /// Throws E208 unless the input is int32 or int64.
  func checkIndices(_ input: OperatorInput) throws(GraphError) { try check(input, is: [.int32, .int64]) }

  /// Throws E204 unless the input, where the node has it, holds one value.
  func checkSingle(_ input: OperatorInput) throws(GraphError) {
    guard let shape = self[input]?.shape, shape.count != 1 else { return }
    throw .mismatch("\(operatorName): \(input.name) is \(shape), must be one value")
  }
}

extension Tensor {
  /// The first element as an integer: a float truncated, and what is beyond ±2^40 clamped to that.
  var firstInt: Int {
    let limit = 1 << 40
    let value: Int = ints?.first ?? Int(saturating: doubles.first ?? 0)
    return min(max(value, -limit), limit)
  }
}

extension Int {
  /// The product, or the largest Int instead of a product beyond it. Of numbers that are not negative.
  func saturatingTimes(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
