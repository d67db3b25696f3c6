import Text

extension Graph {
  /// The same graph without ``SoftmaxAxis/includesLaterAxes``, for which opset 21 has no attribute.
  ///
  /// A Softmax, LogSoftmax or Hardmax over several axes becomes Flatten → Softmax → Reshape. One over the last axis alone, as
  /// most are, stays as it is.
  public func withOldSoftmaxSpelledOut() -> Graph {
    guard nodes.contains(where: { $0.operation.softmaxAxis?.includesLaterAxes == true }) else { return self }
    let facts = try? infer()
    var result = self
    result.nodes = []
    for node in nodes {
      guard let softmax = node.operation.softmaxAxis, softmax.includesLaterAxes, let input = node.firstInput,
        let output = node.firstOutput
      else {
        result.nodes.append(node)
        continue
      }
      if let rank = facts?[input]?.shape.rank, softmax.axis == rank - 1 {
        var plain = node
        plain.operation.softmaxAxis = SoftmaxAxis()
        result.nodes.append(plain)
        continue
      }
      let name = values[output].name
      let shape = result.add(.shape(ShapeOperator()), "\(name)/shape", [input])
      let flat = result.add(.flatten(Flatten(axis: softmax.axis)), "\(name)/flat", [input])
      var operation = node.operation
      operation.softmaxAxis = SoftmaxAxis()
      let normalized = result.add(operation, "\(name)/normalized", [flat])
      // Without allowzero, Reshape takes an extent of 0 for "keep".
      result.nodes.append(
        Node(node.name, .reshape(Reshape(allowzero: true)), inputs: [normalized, shape], outputs: node.outputs))
    }
    return result
  }
}

extension Operator {
  /// The axis of a Softmax, LogSoftmax or Hardmax; setting it does nothing to other operators.
  fileprivate var softmaxAxis: SoftmaxAxis? {
    get {
      switch self {
      case .softmax(let softmax): softmax.axis
      case .logSoftmax(let softmax): softmax.axis
      case .hardmax(let hardmax): hardmax.axis
      default: nil
      }
    }
    set {
      guard let newValue else { return }
      switch self {
      case .softmax: self = .softmax(Softmax(newValue))
      case .logSoftmax: self = .logSoftmax(LogSoftmax(newValue))
      case .hardmax: self = .hardmax(Hardmax(newValue))
      default: break
      }
    }
  }
}
