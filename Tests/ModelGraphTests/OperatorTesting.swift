import ModelGraph
import Testing

/// An operator as written in a file of opset `opset`.
func operation(
  _ name: String, opset: Int = Graph.opset, domain: OperatorDomain = .onnx, _ attributes: Attribute...
) throws -> Operator {
  try Operator(name, domain: domain, AttributeReader(name, opset: opset, inputCount: 1, attributes: attributes))
}

/// 0, 1, 2, … as float32.
func counting(_ shape: Shape, from start: Float = 0) throws -> Tensor {
  try Tensor(shape, (0..<shape.count).map { start + Float($0) })
}

/// The first output of `operation`, after checking that its shape rule predicts type and shape.
func run(_ operation: Operator, _ inputs: [Tensor?], output: Int = 0) throws -> Tensor {
  let facts = try operation.infer(inputs.map { $0.map { Fact($0) } })
  let results = try operation.evaluate(inputs)
  #expect(facts.count == results.count)
  for (fact, result) in zip(facts, results) {
    #expect(fact.shape == result.shape)
    #expect(fact.type == result.type)
  }
  try #require(output < results.count)
  return results[output]
}

/// The error code with which `operation` rejects the inputs, or nil.
func refusal(_ operation: Operator, _ inputs: [Fact?]) -> GraphError? {
  do {
    _ = try operation.infer(inputs)
    return nil
  } catch {
    return error
  }
}

func isClose(_ a: [Double], _ b: [Double], tolerance: Double = 1e-6) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
}
