import ModelGraph
import PictureModels
import Text

/// Puts a graph's nodes, which have the form of ``Graph/opset``, into the form of another opset: inputs become attributes
/// again, operators that it does not have are spelled out by others, and what it cannot say is refused.
///
/// What it writes is held to ``OpsetTable``: operators, types of inputs and outputs, attributes.
final class OpsetForms {
  /// With the values that the spelling adds.
  private(set) var graph: Graph
  private(set) var nodes: [WrittenNode] = []
  let opset: Int
  /// What is known of each value with open extents bound to one size, and to another; nil: nothing.
  private(set) var facts: [Fact?]
  private var others: [Fact?]?
  private var forms: [ExactText: OperatorForm?] = [:]

  init(_ graph: Graph, opset: Int) throws(GraphError) {
    self.graph = graph
    self.opset = opset
    let shapes = graph.planningShapes()
    var larger = shapes
    var isOpen = false
    for (index, id) in graph.inputs.enumerated() {
      for (axis, dimension) in (graph.values[id].declaration?.dimensions ?? []).enumerated() {
        guard case .symbol = dimension, axis < shapes[index].rank else { continue }
        isOpen = true
        larger[index][axis] += shapes[index][axis] < 32 ? 1 : 32
      }
    }
    facts = try graph.inferEarly(shapes).facts
    others = isOpen ? (try? graph.inferEarly(larger))?.facts : facts
  }

  /// Throws E107 for a node that the opset cannot say.
  func convert() throws(GraphError) {
    for node in graph.nodes {
      do { try write(node) } catch { throw error.at(node.place) }
    }
  }

  func refusal(_ why: String) -> GraphError { GraphError(.opset, "cannot be written for opset \(opset): \(why)") }

  // MARK: What is known

  func type(_ id: Graph.ValueID?) -> ElementType? {
    guard let id else { return nil }
    return facts[id]?.type ?? graph.values[id].declaration?.type
  }

  func rank(_ id: Graph.ValueID?) -> Int? { id.flatMap { facts[$0]?.shape.rank } }

  /// An extent that is the same for every size of the input.
  func extent(_ id: Graph.ValueID?, _ axis: Int) -> Int? {
    guard let id, let shape = facts[id]?.shape, shape.extents.indices.contains(axis),
      let other = others?[id]?.shape, other.extents.indices.contains(axis), other[axis] == shape[axis]
    else { return nil }
    return shape[axis]
  }

  /// A value that is the same for every size of the input.
  func constant(_ id: Graph.ValueID?) -> Tensor? {
    guard let id else { return nil }
    if let constant = graph.values[id].constant { return constant }
    guard let constant = facts[id]?.constant, let other = others?[id]?.constant, constant.type == other.type,
      constant.shape.extents == other.shape.extents, constant.doubles == other.doubles
    else { return nil }
    return constant
  }

  func form(_ kind: String) -> OperatorForm? {
    let key = ExactText(kind)
    if let known = forms[key] { return known }
    let form = OperatorForm(kind, opset: opset)
    forms[key] = .some(form)
    return form
  }

  /// Whether the opset does not have the operator, or not for these types.
  func lacks(_ node: Graph.Node) -> Bool {
    guard node.operation.domain == .onnx else { return false }
    guard let form = form(node.operation.name) else { return true }
    return node.inputs.indices.contains { index in
      guard let type = type(node.inputs[index]) else { return false }
      return !form.allows(type, input: index)
    }
  }

  // MARK: New nodes

  /// Gives a value that no node is to compute.
  func define(_ id: Graph.ValueID, _ tensor: Tensor) { graph.values[id].constant = tensor }

  func add(_ tensor: Tensor, _ name: String) -> Graph.ValueID {
    let id = graph.addFreshConstant(name, tensor)
    facts.append(Fact(tensor))
    others?.append(Fact(tensor))
    return id
  }

  func ints(_ values: [Int], _ name: String) throws(GraphError) -> Graph.ValueID {
    add(try Tensor([values.count], values.map { Int64($0) }), name)
  }

  /// One number of a value's type.
  func number(_ value: Float, like id: Graph.ValueID?, _ name: String) throws(GraphError) -> Graph.ValueID {
    add(try Tensor(scalar: value).converted(to: type(id) ?? .float32), name)
  }

  /// Writes a node whose output is `output`, or else a new value, which it returns.
  @discardableResult
  func add(
    _ operation: Operator, _ inputs: [Graph.ValueID?], of name: String, to output: Graph.ValueID? = nil
  ) throws(GraphError) -> Graph.ValueID {
    let id = output ?? graph.addValue(graph.freshName("\(name)/\(operation.name)"))
    let node = Graph.Node(output == nil ? graph.values[id].name : name, operation, inputs: inputs, outputs: [id])
    if output == nil {
      facts.append((try? graph.infer(node, facts))?.first)
      if let known = others { others?.append((try? graph.infer(node, known))?.first) }
    }
    try write(node)
    return id
  }

  private func write(_ node: Graph.Node) throws(GraphError) {
    if node.operation.domain == .onnx, try spellOut(node) { return }
    var written = WrittenNode(node)
    if written.domain == .onnx {
      try takeOlderForm(&written)
      try check(written)
    }
    nodes.append(written)
  }

  /// Throws E107 unless the opset's schema allows the node.
  private func check(_ node: WrittenNode) throws(GraphError) {
    guard let form = form(node.kind) else { throw refusal("it has no \(node.kind)") }
    guard form.repeatsInput || node.inputs.count <= form.inputs.count else {
      throw refusal("its \(node.kind) has only \(form.inputs.count) inputs")
    }
    guard form.repeatsOutput || node.outputs.count <= form.outputs.count else {
      throw refusal("its \(node.kind) has only \(form.outputs.count) outputs")
    }
    for (index, id) in node.inputs.enumerated() {
      if let type = type(id), !form.allows(type, input: index) {
        throw refusal("its \(node.kind) does not take \(type.name)")
      }
    }
    for (index, id) in node.outputs.enumerated() {
      if let type = type(id), !form.allows(type, output: index) {
        throw refusal("its \(node.kind) does not make \(type.name)")
      }
    }
    for entry in form.later where node.has(entry.name) {
      throw refusal("'\(entry.name)' of \(node.kind) came with opset \(entry.opset)")
    }
  }
}
