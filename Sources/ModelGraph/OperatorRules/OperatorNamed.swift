extension Operator {
  /// An operator by its ONNX name, in the form of ``Graph/opset``: how code that makes graphs writes a node.
  ///
  ///     try Operator(named: "Conv", [.ints("strides", [2, 2]), .ints("pads", [3, 3, 3, 3])])
  ///
  /// Throws E201 for a name nobody knows and E206 for an attribute the operator does not have.
  public init(
    named name: String, domain: OperatorDomain = .onnx, inputCount: Int = 1, _ attributes: [Attribute] = []
  ) throws(GraphError) {
    let reader = AttributeReader(name, opset: Graph.opset, inputCount: inputCount, attributes: attributes)
    try self.init(name, domain: domain, reader)
  }
}
