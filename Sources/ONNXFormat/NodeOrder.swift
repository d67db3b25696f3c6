import ModelGraph
import ONNXSchema
import Text

/// A topological order of a file's nodes. ONNX requires them to be listed in one; if they are not, each node is moved
/// behind its producers, as onnxruntime does. Also explains why a value is not available to a node.
final class NodeOrder {
  typealias Protos = UnsafeBufferPointer<UnsafeMutablePointer<Onnx__NodeProto>?>

  /// The nodes' indices in the file, in topological order (nodes of a cycle in any order).
  private(set) var indices: [Int] = []
  /// The first node of the file that reads the output of a later one, and that later one.
  private(set) var firstMove: (reader: Int, maker: Int)?

  private let protos: Protos
  private var makers: [ExactText: Int] = [:]
  /// For each node, the producers of its inputs.
  private var before: [[Int]] = []
  private lazy var inCycle = findCycles()

  init(_ protos: Protos, _ limits: Limits) throws(GraphError) {
    self.protos = protos
    for (index, proto) in protos.enumerated() {
      guard let proto else { continue }
      for data in UnsafeBufferPointer(start: proto.pointee.output, count: proto.pointee.n_output) where data.len > 0 {
        let name = ExactText(try data.text("output name", limit: limits.nameBytes))
        if makers[name] == nil { makers[name] = index }
      }
    }
    before = [[Int]](repeating: [], count: protos.count)
    for (index, proto) in protos.enumerated() {
      guard let proto else { continue }
      for data in UnsafeBufferPointer(start: proto.pointee.input, count: proto.pointee.n_input) where data.len > 0 {
        guard let maker = makers[ExactText(try data.text("input name", limit: limits.nameBytes))] else { continue }
        if maker >= index, firstMove == nil { firstMove = (index, maker) }
        if before[index].last != maker { before[index].append(maker) }
      }
    }
    sort()
  }

  /// Depth-first without recursion: the file's order, but each node behind its producers.
  private func sort() {
    if firstMove == nil {
      indices = Array(protos.indices)
      return
    }
    var isSeen = [Bool](repeating: false, count: protos.count)
    var path: [(node: Int, next: Int)] = []
    for start in protos.indices where !isSeen[start] {
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
    guard let maker = makers[ExactText(name)] else {
      return GraphError(.undefinedValue, "input '\(name)' is produced by no node and is not an input or initialiser")
    }
    if inCycle[reader], inCycle[maker] {
      return GraphError(.cycle, "input '\(name)' depends on this node's own output")
    }
    return GraphError(.undefinedValue, "input '\(name)' is produced by \(place(maker)), which cannot run before it")
  }

  private func place(_ index: Int) -> String {
    guard let proto = protos[index] else { return "node \(index)" }
    let name = proto.pointee.name.text
    return Graph.Node.place(name, proto.pointee.op_type.text, position: name.isEmpty ? index : nil)
  }

  /// The nodes that remain after repeatedly removing nodes without unavailable inputs, and then nodes without readers:
  /// each is in a cycle or between two cycles.
  private func findCycles() -> [Bool] {
    var after = [[Int]](repeating: [], count: protos.count)
    for index in before.indices {
      for maker in before[index] { after[maker].append(index) }
    }
    var left = [Bool](repeating: true, count: protos.count)
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
