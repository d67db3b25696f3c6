import ModelGraph
import ONNXSchema
import Text

/// A topological order of a file's nodes. ONNX requires them to be listed in one; if they are not, each node is moved
/// behind its producers, as onnxruntime does. Also explains why a value is not available to a node.
final class NodeOrder {
  /// The nodes' indices in the file, in topological order (nodes of a cycle in any order).
  private(set) var indices: [Int] = []
  /// The first node of the file that reads the output of a later one, and that later one.
  private(set) var firstMove: (reader: Int, maker: Int)?

  private let source: ModelSource
  private let limits: Limits
  /// Producers by name, and for each node those of its inputs. Both are empty if no node has to be moved.
  private var makers: [ExactText: Int] = [:]
  private var before: [[Int]] = []
  private lazy var inCycle = findCycles()

  /// Throws E105 if there are more nodes than `room` has place for.
  init(_ source: ModelSource, _ limits: Limits, _ room: GraphRoom) throws(GraphError) {
    (self.source, self.limits) = (source, limits)
    let count = source.nodeCount
    // What is read before a node makes it.
    var early: Set<ExactText> = []
    var isSorted = true
    for index in 0..<count {
      try source.withNode(index) { (node) throws(GraphError) in
        try room.addNode(inputs: node.n_input, outputs: node.n_output)
        try eachName(node.input, node.n_input, "input name") { name in
          if makers[name] == nil { early.insert(name) }
        }
        try eachName(node.output, node.n_output, "output name") { name in
          guard makers[name] == nil else { return }
          makers[name] = index
          if early.contains(name) { isSorted = false }
        }
      }
    }
    if isSorted {
      makers = [:]
      indices = Array(0..<count)
      return
    }
    before = [[Int]](repeating: [], count: count)
    for index in 0..<count {
      try source.withNode(index) { (node) throws(GraphError) in
        try eachName(node.input, node.n_input, "input name") { name in
          guard let maker = makers[name] else { return }
          if maker >= index, firstMove == nil { firstMove = (index, maker) }
          if before[index].last != maker { before[index].append(maker) }
        }
      }
    }
    sort()
  }

  private func eachName(
    _ names: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, _ what: String, _ body: (ExactText) -> Void
  ) throws(GraphError) {
    for data in UnsafeBufferPointer(start: names, count: count) where data.len > 0 {
      body(ExactText(try data.text(what, limit: limits.nameBytes)))
    }
  }

  /// Depth-first without recursion: the file's order, but each node behind its producers.
  private func sort() {
    var isSeen = [Bool](repeating: false, count: before.count)
    var path: [(node: Int, next: Int)] = []
    for start in before.indices where !isSeen[start] {
      isSeen[start] = true
      path.append((start, 0))
      while let top = path.last {
        if top.next < before[top.node].count {
          path[path.count - 1].next += 1
          let maker = before[top.node][top.next]
          if !isSeen[maker] {
            isSeen[maker] = true
            path.append((maker, 0))
          }
        } else {
          indices.append(top.node)
          path.removeLast()
        }
      }
    }
  }

  /// Warning W304 if nodes had to be moved.
  func warning() -> GraphError? {
    guard let firstMove, !inCycle.contains(true) else { return nil }
    return GraphError(
      .unsorted,
      "\(place(firstMove.reader)) is listed before \(place(firstMove.maker)), whose output it reads; the nodes are run in "
        + "sorted order. Export it again, or sort it with onnx-simplifier")
  }

  /// Error E202 or E203 for a name that `reader` (a node's index) reads and no earlier node produces.
  func problem(of name: String, at reader: Int) -> GraphError {
    // Without a node to be moved there is none.
    guard let maker = makers[ExactText(name)] else {
      return GraphError(.undefinedValue, "input '\(name)' is produced by no node and is not an input or initialiser")
    }
    if inCycle[reader], inCycle[maker] {
      return GraphError(.cycle, "input '\(name)' depends on this node's own output")
    }
    return GraphError(.undefinedValue, "input '\(name)' is produced by \(place(maker)), which cannot run before it")
  }

  private func place(_ index: Int) -> String {
    var place = "node \(index)"
    try? source.withNode(index) { (node) throws(GraphError) in
      let name = node.name.text
      place = Graph.Node.place(name, node.op_type.text, position: name.isEmpty ? index : nil)
    }
    return place
  }

  /// The nodes that remain after repeatedly removing nodes without unavailable inputs, and then nodes without readers:
  /// each is in a cycle or between two cycles.
  private func findCycles() -> [Bool] {
    var after = [[Int]](repeating: [], count: before.count)
    for index in before.indices {
      for maker in before[index] { after[maker].append(index) }
    }
    var left = [Bool](repeating: true, count: before.count)
    strip(&left, waitingFor: before, releasing: after)
    strip(&left, waitingFor: after, releasing: before)
    return left
  }

  private func strip(_ left: inout [Bool], waitingFor: [[Int]], releasing: [[Int]]) {
    var waiting = [Int](repeating: 0, count: left.count)
    for index in left.indices where left[index] {
      for other in waitingFor[index] where left[other] { waiting[index] += 1 }
    }
    var ready = left.indices.filter { left[$0] && waiting[$0] == 0 }
    while let index = ready.popLast() {
      left[index] = false
      for other in releasing[index] where left[other] {
        waiting[other] -= 1
        if waiting[other] == 0 { ready.append(other) }
      }
    }
  }
}
