// Inputs whose value decides a shape: Reshape's shape, Slice's starts, Pad's pads, … They are int32 or int64 vectors.

extension Inputs where Element == Fact {
  /// The values of an int32 or int64 input, or nil where the node leaves it out.
  ///
  /// Values beyond ±2^40 are given as ±2^40: no extent is near it, and sums of a few of them stay inside Int.
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
  /// What `infer` is told of these inputs, so that `evaluate` can follow the same rule.
  var facts: Inputs<Fact> { Inputs<Fact>(operatorName, items.map { $0.map { Fact($0) } }) }
}

extension Shape {
  /// Each of `axes` counted from the front; E206 for one that does not exist or is named twice.
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
  /// The list that an older opset gave as an attribute and opset ``Graph/opset`` takes as an input of the same name.
  func moveInts(to input: OperatorInput) throws(GraphError) {
    guard let values = try optionalInts(input.name) else { return }
    becomesInput(input, try Tensor([values.count], values.map { Int64($0) }))
  }
}
