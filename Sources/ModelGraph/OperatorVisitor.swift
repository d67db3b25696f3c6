/// Something done to an operator whatever it is, without an existential: the switch in ``Operator/accept(_:)`` hands
/// over the concrete struct.
public protocol OperatorVisitor {
  associatedtype Result
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> Result
}

extension Operator {
  /// ONNX's name, `Conv`.
  public var name: String { identity.name }
  public var domain: OperatorDomain { identity.domain }

  /// The attributes to write to a file of opset ``Graph/opset``.
  public var attributes: [Attribute] { identity.attributes }

  /// Types and shapes of the outputs; every shape is within ``Shape/elementLimit``.
  public func infer(_ inputs: [Fact?], outputCount: Int = 1) throws(GraphError) -> [Fact] {
    try accept(InferVisitor(inputs: inputs, outputCount: outputCount))
  }

  /// The outputs by the operator's plain definition. Checks with `infer` first, so that any input is safe.
  public func evaluate(_ inputs: [Tensor?]) throws(GraphError) -> [Tensor] {
    try accept(EvaluateVisitor(inputs: inputs))
  }

  private var identity: (name: String, domain: OperatorDomain, attributes: [Attribute]) {
    // The visitor cannot throw; the fallback is never seen.
    (try? accept(IdentityVisitor())) ?? ("", .onnx, [])
  }
}

private struct IdentityVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError)
    -> (name: String, domain: OperatorDomain, attributes: [Attribute])
  {
    (Definition.name, Definition.domain, definition.attributes)
  }
}

private struct InferVisitor: OperatorVisitor {
  let inputs: [Fact?]
  let outputCount: Int

  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> [Fact] {
    let name = Definition.name
    guard inputs.count <= Definition.inputs.upperBound else {
      throw GraphError(.wrongArity, "\(name) takes at most \(Definition.inputs.upperBound) inputs, has \(inputs.count)")
    }
    guard inputs.count >= Definition.inputs.lowerBound else {
      throw GraphError(.wrongArity, "\(name) needs \(Definition.inputs.lowerBound) inputs, has \(inputs.count)")
    }
    guard Definition.outputs.contains(outputCount) else {
      throw GraphError(.wrongArity, "\(name) cannot have \(outputCount) outputs")
    }
    let facts = try definition.infer(Inputs(name, inputs))
    for fact in facts {
      do { _ = try fact.shape.checked() } catch { throw error.at(name) }
    }
    return facts
  }
}

private struct EvaluateVisitor: OperatorVisitor {
  let inputs: [Tensor?]

  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> [Tensor] {
    let facts = inputs.map { $0.map { Fact($0) } }
    _ = try InferVisitor(inputs: facts, outputCount: Definition.outputs.lowerBound).visit(definition)
    return try definition.evaluate(Inputs(Definition.name, inputs))
  }
}
