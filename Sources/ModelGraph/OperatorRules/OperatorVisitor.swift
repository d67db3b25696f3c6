import Text

/// A generic function over all operators, without existentials: ``Operator/accept(_:)`` calls it with the operator's
/// struct.
public protocol OperatorVisitor {
  associatedtype Result
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> Result
}

extension Operator {
  /// ONNX's name, `Conv`.
  public var name: String { identity.name }
  public var domain: OperatorDomain { identity.domain }

  /// The attributes to write to a file of opset ``Graph/opset``.
  public var attributes: [Attribute] {
    // The visitor does not throw; the fallback is never used.
    (try? accept(AttributesVisitor())) ?? []
  }

  /// Types and shapes of the outputs. Every shape is within ``Shape/elementLimit``.
  public func infer(_ inputs: [Fact?], outputCount: Int = 1) throws(GraphError) -> [Fact] {
    let arity = try arity()
    try arity.check(inputs: inputs.count, outputs: outputCount)
    let facts = try accept(InferVisitor(inputs: Inputs(arity.name, inputs)))
    guard facts.count >= outputCount else {
      throw GraphError(
        .wrongArity, "\(arity.name) makes \(facts.count) outputs here, the node lists \(outputCount)")
    }
    for fact in facts {
      do { _ = try fact.shape.checked() } catch { throw error.at(arity.name) }
    }
    return facts
  }

  /// Throws E207 if the operator cannot have so many inputs and outputs, those that a node leaves out included.
  public func checkArity(inputs: Int, outputs: Int) throws(GraphError) {
    try arity().check(inputs: inputs, outputs: outputs)
  }

  /// The outputs by the operator's plain definition. `infer` checks the inputs first, so that any input is safe.
  ///
  /// - Parameter mostBytes: what the outputs may take; E212 beyond it.
  public func evaluate(_ inputs: [Tensor?], mostBytes: Int = .max) throws(GraphError) -> [Tensor] {
    let arity = try arity()
    var facts: [Fact] = []
    do { facts = try infer(inputs.map { $0.map { Fact($0) } }, outputCount: arity.outputs.lowerBound) } catch {
      // All values are here. Only a shape rule that leaves the computation of many to `evaluate` throws this.
      guard error.code == .notConstant else { throw error }
    }
    try facts.check(mostBytes: mostBytes)
    // A shape rule that had to compute the values to know their number returns them.
    let known = facts.compactMap { $0.constant }
    if !known.isEmpty, known.count == facts.count { return known }
    let results = try accept(EvaluateVisitor(inputs: Inputs(arity.name, inputs)))
    if facts.isEmpty { try results.map { Fact($0) }.check(mostBytes: mostBytes) }
    return results
  }

  /// The operator's inputs in the order of its page.
  public var inputs: [OperatorInput] { roles.inputs }
  /// Whether the operator computes, or only moves elements.
  public var movement: DataMovement { roles.movement }
  public var multiplyAdds: MultiplyAdds { roles.multiplyAdds }

  /// Whether a loss can flow back through the operator.
  public var differentiability: Differentiability {
    // The visitor does not throw; the fallback is never used.
    (try? accept(DifferentiabilityVisitor())) ?? .notDifferentiable("")
  }

  /// The least opset of a file with the operator, at least ``Graph/opset``.
  public var firstOpset: Int { (try? accept(OpsetVisitor())) ?? Graph.opset }

  /// Throws E201 for an operator that this build leaves out: passes may have made it.
  private func arity() throws(GraphError) -> Arity {
    do { return try accept(ArityVisitor()) } catch { throw .unknownOperator(name) }
  }

  private var roles: (inputs: [OperatorInput], movement: DataMovement, multiplyAdds: MultiplyAdds) {
    // The visitor does not throw; the fallback is never used.
    (try? accept(RolesVisitor())) ?? ([], .computation, .none)
  }

  private var identity: (name: String, domain: OperatorDomain) {
    // The visitor does not throw; the fallback is never used.
    (try? accept(IdentityVisitor())) ?? ("", .onnx)
  }
}

private struct IdentityVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError)
    -> (name: String, domain: OperatorDomain)
  {
    (Definition.name, Definition.domain)
  }
}

// A visitor of its own: only a program that writes files needs it.
private struct AttributesVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> [Attribute] {
    definition.attributes
  }
}

private struct RolesVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError)
    -> (inputs: [OperatorInput], movement: DataMovement, multiplyAdds: MultiplyAdds)
  {
    Definition.isIncluded
      ? (Definition.inputs, Definition.movement, Definition.multiplyAdds) : ([], .computation, .none)
  }
}

// A visitor of its own: the linker then drops the texts from a program that does not train.
private struct DifferentiabilityVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> Differentiability {
    Definition.differentiability
  }
}

// A visitor of its own: only a program that writes files needs it.
private struct OpsetVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> Int {
    definition.firstOpset
  }
}

/// How many inputs and outputs an operator takes.
private struct Arity {
  let name: String
  let inputs: ClosedRange<Int>
  let outputs: ClosedRange<Int>

  init<Definition: OperatorDefinition>(_: Definition.Type) {
    name = Definition.name
    inputs = Definition.inputs.arity
    outputs = Definition.outputs
  }

  func check(inputs: Int, outputs: Int) throws(GraphError) {
    guard inputs <= self.inputs.upperBound else {
      throw GraphError(.wrongArity, "\(name) takes at most \(self.inputs.upperBound) inputs, has \(inputs)")
    }
    guard inputs >= self.inputs.lowerBound else {
      throw GraphError(.wrongArity, "\(name) needs \(self.inputs.lowerBound) inputs, has \(inputs)")
    }
    guard self.outputs.contains(outputs) else {
      throw GraphError(.wrongArity, "\(name) cannot have \(outputs) outputs")
    }
  }
}

private struct ArityVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> Arity {
    guard Definition.isIncluded else { throw .unknownOperator("") }
    return Arity(Definition.self)
  }
}

// The compiler makes a copy of these two for every operator: all that is the same for all is in `Operator.infer` and
// `Operator.evaluate`.

private struct InferVisitor: OperatorVisitor {
  let inputs: Inputs<Fact>

  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> [Fact] {
    guard Definition.isIncluded else { throw .unknownOperator(inputs.operatorName) }
    return try definition.infer(inputs)
  }
}

private struct EvaluateVisitor: OperatorVisitor {
  let inputs: Inputs<Tensor>

  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> [Tensor] {
    guard Definition.isIncluded else { throw .unknownOperator(inputs.operatorName) }
    return try definition.evaluate(inputs)
  }
}

extension [Fact] {
  /// Throws E212 if values of these facts take more than `mostBytes`.
  fileprivate func check(mostBytes: Int) throws(GraphError) {
    var left = mostBytes
    for fact in self {
      let bytes = fact.shape.count * fact.type.byteCount
      guard bytes <= left else {
        throw GraphError(
          .tooLarge,
          "its result is \(fact.shape), \((bytes >> 20) + 1) MiB; \(Swift.max(left, 0) >> 20) MiB are left of the limit for "
            + "running the model. If it is to be trusted, raise the limit with --max-memory SIZE (2G, say)")
      }
      left -= bytes
    }
  }
}
