// Inputs whose values determine a shape: Reshape's shape, Slice's starts, Pad's pads. They are int32 or int64 vectors.

import Text

extension Inputs where Element == Fact {
  /// The values of an int32 or int64 input, or nil where the node leaves it out.
  ///
  /// Values are clamped to ±2^40. Every extent is far below, and sums of a few such values stay inside Int.
  /// Throws E211 if the value is not known before the model runs.
  func optionalInts(_ input: OperatorInput) throws(GraphError) -> [Int]? {
    guard let fact = self[input] else { return nil }
    let name = input.name
    guard fact.type == .int64 || fact.type == .int32 else {
      throw GraphError(.typeMismatch, "\(operatorName): input '\(name)' must be int64, is \(fact.type.name)")
    }
    guard fact.shape.rank <= 1 else {
      throw GraphError.wrongRank("\(operatorName): input '\(name)'", expected: 1, found: fact.shape.rank)
    }
    guard let values = fact.constant?.ints else {
      throw GraphError(
        .notConstant,
        "\(operatorName): the output's shape depends on the value of input '\(name)', "
          + "which is not known before the model runs. Make it an initialiser")
    }
    let limit = 1 << 40
    return values.map { min(max($0, -limit), limit) }
  }

  /// As ``optionalInts(_:)``; E207 where the node leaves the input out.
  func ints(_ input: OperatorInput) throws(GraphError) -> [Int] {
    _ = try required(input)
    return try optionalInts(input) ?? []
  }
}

extension Inputs where Element == Tensor {
  /// The facts of these inputs, so that `evaluate` can use the same rule as `infer`.
  var facts: Inputs<Fact> { Inputs<Fact>(operatorName, items.map { $0.map { Fact($0) } }) }
}

extension Shape {
  /// `axes`, counted from the front. Throws E206 for an axis that does not exist or is listed twice.
  func distinctAxes(_ axes: [Int], of operatorName: String) throws(GraphError) -> [Int] {
    var seen = [Bool](repeating: false, count: rank)
    var result: [Int] = []
    for named in axes {
      let axis = try axis(named, of: operatorName)
      guard !seen[axis] else { throw GraphError(.badAttribute, "\(operatorName): axis \(named) is named twice") }
      seen[axis] = true
      result.append(axis)
    }
    return result
  }
}

extension AttributeReader {
  /// Reads a list that is an attribute in an older opset and an input of the same name in opset ``Graph/opset``.
  ///
  /// - Parameter name: of the attribute, if it is not that of the input.
  func moveInts(named name: String? = nil, to input: OperatorInput) throws(GraphError) {
    guard let values = try optionalInts(name ?? input.name) else { return }
    becomesInput(input, try Tensor([values.count], values.map { Int64($0) }))
  }
}
