import ModelGraph
import Text

/// Computes with float32 what a graph computes with float16 or bfloat16, for which there are no kernels.
///
/// Graph inputs are widened by a Cast and graph outputs rounded by one; constants are widened. Between them nothing is
/// rounded, so that results are nearer to exact ones than those of the definitions, which round every node's: onnxruntime
/// leaves the roundings between its float32 kernels out likewise. Only a Cast of the file to float16 or bfloat16 still
/// rounds, and a Clip without a bound still stops at the largest number of the type.
///
/// Operators that make such numbers from none (ConstantOfShape) are followed by a Cast. If a node's types cannot be inferred,
/// the graph is left as it is: it is then run by the definitions.
public func lowerHalfFloats(_ graph: inout Graph) -> Int { PassContext.alone(&graph, lowerHalfFloats) }

func lowerHalfFloats(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let known = context.facts(graph)
  func isHalf(_ id: Graph.ValueID?) -> Bool { id.flatMap { known.type($0)?.isHalf } ?? false }
  // Casts alone are what this pass leaves behind.
  let wanted = graph.nodes.contains { node in
    if case .cast = node.operation { return false }
    return (node.inputs + node.outputs).contains { isHalf($0) }
  }
  guard wanted, var lowering = HalfLowering(graph, known.first), lowering.run() else { return 0 }
  graph = lowering.result
  context.forget()
  return lowering.changes
}

private struct HalfLowering {
  var result: Graph
  private(set) var changes = 0
  private let graph: Graph
  /// As the file has them, and as they are afterwards.
  private let before: [Fact]
  private var after: [Fact]
  /// For each value, the float32 value that nodes read in its place.
  private var standIns: [Graph.ValueID]
  private var isOutput: [Bool]

  /// nil if a node's types are not known.
  init?(_ graph: Graph, _ facts: [Fact?]) {
    self.graph = graph
    result = graph
    result.nodes = []
    var before: [Fact] = []
    var isUsed = [Bool](repeating: false, count: graph.values.count)
    for node in graph.nodes { for case let id? in node.inputs + node.outputs { isUsed[id] = true } }
    for id in graph.values.indices {
      if let constant = graph.values[id].constant {
        before.append(Fact(constant))
      } else if id < facts.count, let fact = facts[id] {
        before.append(fact)
      } else {
        // A value that no node makes or reads needs none.
        guard !isUsed[id] else { return nil }
        before.append(Fact(.float32, []))
      }
    }
    self.before = before
    after = before
    standIns = Array(graph.values.indices)
    isOutput = [Bool](repeating: false, count: graph.values.count)
    for id in graph.outputs { isOutput[id] = true }
  }

  mutating func run() -> Bool {
    for id in before.indices where before[id].type.isHalf {
      guard let constant = graph.values[id].constant else { continue }
      guard let wide = try? constant.converted(to: .float32) else { return false }
      if isOutput[id] {
        standIns[id] = add(Fact(wide), "\(graph.values[id].name)/float32", constant: wide)
      } else {
        result.values[id].constant = wide
        after[id] = Fact(wide)
      }
    }
    for id in graph.inputs where before[id].type.isHalf {
      standIns[id] = add(Fact(.float32, before[id].shape), "\(graph.values[id].name)/float32")
      cast(id, to: .float32, standIns[id])
    }
    for node in graph.nodes {
      guard lower(node) else { return false }
    }
    return true
  }

  /// Returns false if the node's shape rule does not take float32.
  private mutating func lower(_ node: Graph.Node) -> Bool {
    var node = node
    node.inputs = node.inputs.map { $0.map { standIns[$0] } }
    if case .clip = node.operation { bound(&node) }
    guard
      let types = try? node.operation.infer(node.inputs.map { $0.map { after[$0] } }, outputCount: node.outputs.count)
    else { return false }
    var rounded: [(from: Graph.ValueID, to: Graph.ValueID, type: ElementType)] = []
    for (position, output) in node.outputs.enumerated() {
      guard let output, position < types.count else { continue }
      let (type, wanted) = (types[position].type, before[output].type)
      guard wanted.isHalf else {
        guard type == wanted else { return false }
        continue
      }
      changes += 1
      let name = graph.values[output].name
      if isOutput[output] {
        // The node makes a float32 value; a Cast makes the output of it.
        let wide = add(Fact(.float32, before[output].shape), "\(name)/float32")
        standIns[output] = wide
        if type.isHalf {
          rounded.append((output, wide, .float32))
        } else {
          node.outputs[position] = wide
          rounded.append((wide, output, wanted))
        }
      } else if type.isHalf {
        let half = add(Fact(type, before[output].shape), "\(name)/\(type.name)")
        node.outputs[position] = half
        after[output].type = .float32
        after[output].constant = nil
        rounded.append((half, output, .float32))
      } else {
        after[output].type = .float32
        after[output].constant = nil
      }
    }
    result.nodes.append(node)
    for (from, to, type) in rounded { cast(from, to: type, to) }
    return true
  }

  /// Gives a Clip of float16 the bounds that it has without any.
  private mutating func bound(_ node: inout Graph.Node) {
    guard let output = node.firstOutput, before[output].type.isHalf else { return }
    let largest = Float(before[output].type.largestFinite)
    for (input, value) in [(Clip.Input.min, -largest), (Clip.Input.max, largest)] where node[input] == nil {
      guard let constant = try? Tensor(scalar: value) else { continue }
      node[input] = add(Fact(constant), "\(node.name)/\(input.name)", constant: constant)
    }
  }

  private mutating func add(_ fact: Fact, _ name: String, constant: Tensor? = nil) -> Graph.ValueID {
    let id = result.addValue(result.freshName(name), constant: constant)
    after.append(fact)
    return id
  }

  private mutating func cast(_ from: Graph.ValueID, to type: ElementType, _ to: Graph.ValueID) {
    let name = result.freshName("\(result.values[to].name)/cast")
    result.nodes.append(Graph.Node(name, .cast(Cast(to: type)), inputs: [from], outputs: [to]))
  }
}
