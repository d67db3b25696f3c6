import Text

/// A generic function over all operators, without existentials: ``Operator/accept(_:)`` calls it with the operator's
/// struct.
public protocol OperatorVisitor {
  associatedtype Result
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> Result
}

extension Operator {
  /// ONNX's name, `Conv`.
  public var name: String { traits.name }
  public var domain: OperatorDomain { traits.domain }

  /// The attributes to write to a file of opset ``Graph/opset``.
  public var attributes: [Attribute] {
    // The visitor does not throw; the fallback is never used.
    (try? accept(AttributesVisitor())) ?? []
  }

  /// Types and shapes of the outputs. Every shape is within ``Shape/elementLimit``.
  public func infer(_ inputs: [Fact?], outputCount: Int = 1) throws(GraphError) -> [Fact] {
    let traits = try includedTraits()
    try traits.check(inputs: inputs.count, outputs: outputCount)
    let facts = try accept(InferVisitor(inputs: Inputs(traits.name, inputs)))
    guard facts.count >= outputCount else {
      throw GraphError(
        .wrongArity, "\(traits.name) makes \(facts.count) outputs here, the node lists \(outputCount)")
    }
    for fact in facts {
      do { _ = try fact.shape.checked() } catch { throw error.at(traits.name) }
    }
    return facts
  }

  /// Throws E207 if the operator cannot have so many inputs and outputs, those that a node leaves out included.
  public func checkArity(inputs: Int, outputs: Int) throws(GraphError) {
    try includedTraits().check(inputs: inputs, outputs: outputs)
  }

  /// The outputs by the operator's plain definition. `infer` checks the inputs first, so that any input is safe.
  ///
  /// - Parameter mostBytes: what the outputs may take; E212 beyond it.
  public func evaluate(_ inputs: [Tensor?], mostBytes: Int = .max) throws(GraphError) -> [Tensor] {
    let traits = try includedTraits()
    var facts: [Fact] = []
    do { facts = try infer(inputs.map { $0.map { Fact($0) } }, outputCount: traits.outputs.lowerBound) } catch {
      // All values are here. Only a shape rule that leaves the computation of many to `evaluate` throws this.
      guard error.code == .notConstant else { throw error }
    }
    try facts.check(mostBytes: mostBytes)
    // A shape rule that had to compute the values to know their number returns them.
    let known = facts.compactMap { $0.constant }
    if !known.isEmpty, known.count == facts.count { return known }
    let results = try accept(EvaluateVisitor(inputs: Inputs(traits.name, inputs)))
    if facts.isEmpty { try results.map { Fact($0) }.check(mostBytes: mostBytes) }
    return results
  }

  /// The operator's inputs in the order of its page.
  public var inputs: [OperatorInput] { traits.inputs }
  /// Whether the operator computes, or only moves elements.
  public var movement: DataMovement { traits.movement }
  public var multiplyAdds: MultiplyAdds { traits.multiplyAdds }

  /// Whether a loss can flow back through the operator.
  public var differentiability: Differentiability {
    // The visitor does not throw; the fallback is never used.
    (try? accept(DifferentiabilityVisitor())) ?? .notDifferentiable("")
  }

  /// The least opset of a file with the operator, at least ``Graph/opset``.
  public var firstOpset: Int { (try? accept(OpsetVisitor())) ?? Graph.opset }

  /// Throws E201 for an operator that this build leaves out: passes may have made it.
  private func includedTraits() throws(GraphError) -> OperatorTraits {
    let traits = traits
    guard traits.isIncluded else { throw .unknownOperator(traits.name) }
    return traits
  }

  private var traits: OperatorTraits {
    // The visitor does not throw; the fallback is never used.
    (try? accept(TraitsVisitor())) ?? OperatorTraits(Conv.self)
  }
}

/// All that is the same in every use of an operator. One visitor gets it, since each is compiled for every operator.
private struct OperatorTraits {
  let name: String
  let domain: OperatorDomain
  let isIncluded: Bool
  let inputs: [OperatorInput]
  let outputs: ClosedRange<Int>
  let movement: DataMovement
  let multiplyAdds: MultiplyAdds

  init<Definition: OperatorDefinition>(_: Definition.Type) {
    name = Definition.name
    domain = Definition.domain
    isIncluded = Definition.isIncluded
    inputs = Definition.isIncluded ? Definition.inputs : []
    outputs = Definition.isIncluded ? Definition.outputs : 0...0
    movement = Definition.isIncluded ? Definition.movement : .computation
    multiplyAdds = Definition.isIncluded ? Definition.multiplyAdds : .none
  }

  func check(inputs: Int, outputs: Int) throws(GraphError) {
    let arity = self.inputs.arity
    guard inputs <= arity.upperBound else {
      throw GraphError(.wrongArity, "\(name) takes at most \(arity.upperBound) inputs, has \(inputs)")
    }
    guard inputs >= arity.lowerBound else {
      throw GraphError(.wrongArity, "\(name) needs \(arity.lowerBound) inputs, has \(inputs)")
    }
    guard self.outputs.contains(outputs) else {
      throw GraphError(.wrongArity, "\(name) cannot have \(outputs) outputs")
    }
  }
}

private struct TraitsVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> OperatorTraits {
    OperatorTraits(Definition.self)
  }
}

// A visitor of its own: only a program that writes files needs it.
private struct AttributesVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> [Attribute] {
    definition.attributes
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
      let bytes = fact.byteCount
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
