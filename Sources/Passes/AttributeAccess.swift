import ModelGraph

extension OperatorDefinition {
  /// The operator's attributes by ONNX's names, for a look at one of them.
  var attributeReader: AttributeReader {
    AttributeReader(Self.name, opset: Graph.opset, inputCount: 0, attributes: attributes)
  }
}
