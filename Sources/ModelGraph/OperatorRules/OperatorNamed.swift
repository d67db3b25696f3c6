extension Operator {
  /// An operator by its ONNX name and its attributes in opset ``Graph/opset``, for code that builds graphs.
  ///
  ///     try Operator(named: "Conv", [.ints("strides", [2, 2]), .ints("pads", [3, 3, 3, 3])])
  ///
  /// Throws E201 for an unknown operator and E206 for an attribute that the operator does not have.
  public init(
    named name: String, domain: OperatorDomain = .onnx, inputCount: Int = 1, _ attributes: [Attribute] = []
  ) throws(GraphError) {
    let reader = AttributeReader(name, opset: Graph.opset, inputCount: inputCount, attributes: attributes)
    try self.init(name, domain: domain, reader)
  }
}
