import Text

/// The network: ONNX operators over named values, in an order in which they can run.
///
/// It is the only representation of a network: the trainer executes it, `export` writes it, `validate` checks it,
/// passes rewrite it and the planner of the inference engine reads it. Operators have the meaning of opset ``opset``,
/// whatever the opset of the file was.
public struct Graph: Sendable {
  /// The opset of the operators' stored form, and of the files we write.
  public static let opset = 21

  /// Index of a value in ``values``.
  public typealias ValueID = Int

  public struct Value: Sendable {
    public var name: String
    /// The value of an initialiser.
    public var constant: Tensor?
    /// The type and dimensions that the file declares. Graph inputs always have one.
    public var declaration: Declaration?

    public init(_ name: String, constant: Tensor? = nil, declaration: Declaration? = nil) {
      self.name = name
      self.constant = constant
      self.declaration = declaration
    }
  }

  public struct Node: Sendable {
    public var name: String
    public var operation: Operator
    /// nil: an optional input that the node leaves out.
    public var inputs: [ValueID?]
    /// nil: an optional output that the node leaves out.
    public var outputs: [ValueID?]
    /// For a node without a name in the file: its index in the file. ``name`` is then made up.
    public var position: Int?

    public init(_ name: String, _ operation: Operator, inputs: [ValueID?], outputs: [ValueID?]) {
      self.name = name
      self.operation = operation
      self.inputs = inputs
      self.outputs = outputs
    }

    /// How messages name the node: `node 'Conv_12' (Conv)`, or `node 12 (Conv)` if it has no name.
    public var place: String { Node.place(name, operation.name, position: position) }

    /// How messages name a node that has been read only in part.
    public static func place(_ name: String, _ operatorName: String, position: Int?) -> String {
      let kind = operatorName.shortened(to: 100)
      if let position { return "node \(position) (\(kind))" }
      return "node '\(name.shortened(to: 300))' (\(kind))"
    }
  }

  public var name: String
  public var values: [Value] = []
  /// In topological order: a node comes after those it reads from.
  public var nodes: [Node] = []
  /// The inputs that a caller feeds. Initialisers are not among them.
  public var inputs: [ValueID] = []
  public var outputs: [ValueID] = []
  /// ONNX's metadata_props, in file order. `PictureModels` gives meaning to our keys.
  public var metadata: [(key: String, value: String)] = []
  /// The names in use, for ``freshName(_:)``.
  var names = ValueNames()

  public init(name: String) { self.name = name }

  // MARK: Building

  @discardableResult
  public mutating func addValue(_ name: String, constant: Tensor? = nil, declaration: Declaration? = nil) -> ValueID {
    values.append(Value(name, constant: constant, declaration: declaration))
    return values.count - 1
  }

  public mutating func addInput(_ name: String, _ declaration: Declaration) -> ValueID {
    let id = addValue(name, declaration: declaration)
    inputs.append(id)
    return id
  }

  public mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID { addValue(name, constant: tensor) }

  /// Appends a node with one output, which gets the node's name.
  public mutating func add(_ operation: Operator, _ name: String, _ inputs: [ValueID?]) -> ValueID {
    let output = addValue(name)
    nodes.append(Node(name, operation, inputs: inputs, outputs: [output]))
    return output
  }

  // MARK: Asking

  /// For each value, the indices of the nodes that read it. Graph outputs are not counted.
  public func consumers() -> [[Int]] {
    var consumers = [[Int]](repeating: [], count: values.count)
    for (index, node) in nodes.enumerated() {
      for case let input? in node.inputs where consumers[input].last != index { consumers[input].append(index) }
    }
    return consumers
  }

  /// For each value, the index of the node that computes it; nil for inputs and constants.
  public func producers() -> [Int?] {
    var producers = [Int?](repeating: nil, count: values.count)
    for (index, node) in nodes.enumerated() {
      for case let output? in node.outputs { producers[output] = index }
    }
    return producers
  }

  /// For each value, the node that reads it, if it is read exactly once. nil for a value that is read more often or not at
  /// all, and for a graph output that a node reads too.
  public func onlyReaders() -> [Int?] {
    let counts = readCounts()
    var readers = [Int?](repeating: nil, count: values.count)
    for (index, node) in nodes.enumerated() {
      for case let input? in node.inputs where counts[input] == 1 { readers[input] = index }
    }
    return readers
  }

  /// Type, shape and, where it is known, the constant of every value. nil only for a value that is neither an input nor
  /// a constant and that no node computes.
  ///
  /// - Parameter inputShapes: the shapes of ``inputs``. nil: the declared shapes, with 1 for every symbol.
  /// - Throws: E211 if a shape depends on values that only a run finds; ``inferEarly(_:)`` goes on there.
  public func infer(_ inputShapes: [Shape]? = nil) throws(GraphError) -> [Fact?] {
    var facts = try sourceFacts(inputShapes)
    for node in nodes { try infer(node, into: &facts, inputShapes) }
    return facts
  }

  /// The facts of inputs and constants.
  func sourceFacts(_ inputShapes: [Shape]?) throws(GraphError) -> [Fact?] {
    var facts = [Fact?](repeating: nil, count: values.count)
    for (id, value) in values.enumerated() {
      if let constant = value.constant { facts[id] = Fact(constant) }
    }
    for (index, id) in inputs.enumerated() {
      guard let declaration = values[id].declaration else {
        throw .undeclaredInput(values[id].name)
      }
      let shape = inputShapes.map { $0[index] } ?? declaration.shape()
      facts[id] = Fact(declaration.type, try shape.checked())
    }
    return facts
  }

  /// Adds the facts of a node's outputs.
  func infer(_ node: Node, into facts: inout [Fact?], _ inputShapes: [Shape]?) throws(GraphError) {
    let results: [Fact]
    do { results = try infer(node, facts) } catch { throw explained(error.at(node.place), inputShapes) }
    for (output, fact) in zip(node.outputs, results) {
      if let output { facts[output] = fact }
    }
  }

  /// Adds advice to a shape mismatch that may come from a batch size the file was not exported for.
  private func explained(_ error: GraphError, _ inputShapes: [Shape]?) -> GraphError {
    guard error.code == .shapeMismatch, let inputShapes else { return error }
    for (id, shape) in zip(inputs, inputShapes) {
      guard let batch = shape.extents.first, let declared = values[id].declaration?.dimensions.first else { continue }
      switch declared {
      case .fixed(let fixed) where fixed != batch:
        return GraphError(
          error.code,
          error.message
            + ". The file is made for a batch of \(fixed), not of \(batch): export it with a free batch "
            + "(torch.onnx.export: dynamic_shapes, or dynamic_axes={'\(values[id].name)': {0: 'N'}})")
      case .symbol(let name) where batch > 1:
        return GraphError(
          error.code,
          error.message
            + ". The file says that its batch '\(name)' is free, but a shape in it may be fixed to the batch it was exported "
            + "with: export it again with x.flatten(1) in place of x.view(x.size(0), …), or run it with a batch of 1")
      default: continue
      }
    }
    return error
  }

  /// Applies one node's shape rule to the facts of its inputs. If all inputs are small constants, the outputs are
  /// computed too, so that shape arithmetic (Shape → Gather → Concat → Reshape) is known before the model runs.
  public func infer(_ node: Node, _ facts: [Fact?]) throws(GraphError) -> [Fact] {
    var known: [Fact?] = []
    for input in node.inputs {
      guard let input else {
        known.append(nil)
        continue
      }
      guard let fact = facts[input] else {
        throw .undefinedInput(values[input].name)
      }
      known.append(fact)
    }
    var results = try node.operation.infer(known, outputCount: node.outputs.count)
    // To take a few elements out of many costs little. A hundred thousand convolutions of constants would cost much.
    let most = node.operation.movement == .rearrangement ? 4096 : 64
    let small = results.allSatisfy { $0.shape.count <= 64 } && known.allSatisfy { ($0?.shape.count ?? 0) <= most }
    let allKnown = known.allSatisfy { $0 == nil || $0?.constant != nil }
    if case .branch = node.operation { return results }  // Its own nodes were computed alike.
    if small, allKnown, results.contains(where: { $0.constant == nil }) {
      results = try node.operation.evaluate(known.map { $0?.constant }).map { Fact($0) }
    }
    return results
  }

  /// Runs the graph by the operators' plain definitions. It is slow, and the reference for the inference engine.
  ///
  /// - Parameters:
  ///   - feeds: a tensor for each of ``inputs``. Returns one for each of ``outputs``.
  ///   - mostBytes: what all results that are alive at one time may take.
  /// - Throws: E212 beyond `mostBytes`; what an operator's shape rule throws.
  public func evaluate(_ feeds: [Tensor], mostBytes: Int = .max) throws(GraphError) -> [Tensor] {
    guard feeds.count == inputs.count else {
      throw .wrongInputCount(feeds.count, inputs.count)
    }
    var live = values.map { $0.constant }
    for (id, feed) in zip(inputs, feeds) { live[id] = feed }
    var lastUse = [Int](repeating: -1, count: values.count)
    for (index, node) in nodes.enumerated() {
      for case let input? in node.inputs { lastUse[input] = index }
    }
    for id in outputs { lastUse[id] = nodes.count }
    var bytesLeft = mostBytes
    var resultBytes = [Int](repeating: 0, count: values.count)
    for (index, node) in nodes.enumerated() {
      var arguments: [Tensor?] = []
      for input in node.inputs {
        if let input, live[input] == nil {
          throw GraphError.undefinedInput(values[input].name).at(node.place)
        }
        arguments.append(input.flatMap { live[$0] })
      }
      let results: [Tensor]
      do {
        if case .branch(let condition) = node.operation {
          results = try condition.evaluate(Inputs(If.name, arguments), mostBytes: bytesLeft)
        } else {
          results = try node.operation.evaluate(arguments, mostBytes: bytesLeft)
        }
      } catch {
        throw error.at(node.place)
      }
      for (output, result) in zip(node.outputs, results) {
        guard let output else { continue }
        live[output] = result
        resultBytes[output] = result.byteCount
        bytesLeft -= result.byteCount
      }
      for case let input? in node.inputs where lastUse[input] == index {
        live[input] = nil
        bytesLeft += resultBytes[input]
        resultBytes[input] = 0
      }
    }
    var results: [Tensor] = []
    for id in outputs {
      guard let value = live[id] else {
        throw .undefinedOutput(values[id].name)
      }
      results.append(value)
    }
    return results
  }
}
