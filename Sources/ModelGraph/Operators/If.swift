import Text

/// If: one of two branches, each a graph of its own. https://onnx.ai/onnx/operators/onnx__If.html, opsets 1 to 25.
///
/// Inputs: cond (bool, one element), and behind it the values of the surrounding graph that the branches read. A file does not
/// list those: its reader adds them, and each branch has all of them as its inputs, in that order. Outputs: those of the
/// branch that is taken.
///
/// Where the condition is known before the model runs, `inlineBranches` puts the branch in the node's place. Otherwise only a
/// run finds the outputs' shapes.
public struct If: OperatorDefinition {
  public static let name = "If"

  public enum Input {
    public static let condition = OperatorInput(0, "cond", .setting)
    public static let captured = OperatorInput(1, "captured", .activationOrWeight, .further)
  }

  public static let inputs = [Input.condition, Input.captured]
  public static let outputs = 1...Limits.standard.nodeInputs
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable(
    "its condition must be known before training; fold it first")

  public let thenBranch: Graph
  public let elseBranch: Graph

  public init(thenBranch: Graph, elseBranch: Graph) {
    self.thenBranch = thenBranch
    self.elseBranch = elseBranch
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    thenBranch = try attributes.graph("then_branch")
    elseBranch = try attributes.graph("else_branch")
    guard thenBranch.outputs.count == elseBranch.outputs.count else {
      throw attributes.bad(
        "else_branch", "has \(elseBranch.outputs.count) outputs, 'then_branch' has \(thenBranch.outputs.count)")
    }
  }

  public var attributes: [Attribute] {
    [Attribute("then_branch", .graph(thenBranch)), Attribute("else_branch", .graph(elseBranch))]
  }

  /// The branch for a condition; nil for one that is not one bool.
  public func branch(_ condition: Tensor) -> Graph? {
    guard condition.type == .bool, condition.count == 1 else { return nil }
    return condition.array(of: Bool.self)[0] ? thenBranch : elseBranch
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let condition = try inputs.required(Input.condition)
    try inputs.check(Input.condition, is: [.bool])
    guard condition.shape.count == 1 else {
      throw .mismatch("If: cond is \(condition.shape), must hold one element")
    }
    guard let branch = condition.constant.flatMap({ branch($0) }) else {
      throw GraphError(
        .notConstant, "If: the value of input 'cond' is not known before the model runs. Make it an initialiser")
    }
    return try branch.infer(branchInputs: Array(try inputs.all().dropFirst()))
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try evaluate(inputs, mostBytes: Limits.standard.memoryBytes)
  }

  /// - Parameter mostBytes: what the results in the branch that are alive at one time may take.
  func evaluate(_ inputs: Inputs<Tensor>, mostBytes: Int) throws(GraphError) -> [Tensor] {
    guard let branch = branch(try inputs.required(Input.condition)) else {
      throw GraphError(.badInput, "If: cond must be one bool")
    }
    return try branch.evaluate(Array(try inputs.all().dropFirst()), mostBytes: mostBytes)
  }
}

extension Graph {
  /// The facts of the outputs of a branch, given those of its inputs.
  fileprivate func infer(branchInputs: [Fact]) throws(GraphError) -> [Fact] {
    guard branchInputs.count == inputs.count else { throw .wrongInputCount(branchInputs.count, inputs.count) }
    var facts = values.map { $0.constant.map { Fact($0) } }
    for (id, fact) in zip(inputs, branchInputs) { facts[id] = fact }
    for node in nodes { try infer(node, into: &facts, nil) }
    var results: [Fact] = []
    for id in outputs {
      guard let fact = facts[id] else { throw .undefinedOutput(values[id].name) }
      results.append(fact)
    }
    return results
  }
}
