import ModelGraph
import ONNXSchema

/// Which node makes which name, to say why a name is not there yet when a node wants it. ONNX demands that nodes be
/// listed in an order in which they can run.
final class NodeOrder {
  private let protos: UnsafeBufferPointer<UnsafeMutablePointer<Onnx__NodeProto>?>
  private let limits: Limits
  private var makers: [String: Int] = [:]
  private lazy var inCycle = findCycles()

  init(_ protos: UnsafeBufferPointer<UnsafeMutablePointer<Onnx__NodeProto>?>, _ limits: Limits) throws(GraphError) {
    self.protos = protos
    self.limits = limits
    for (index, proto) in protos.enumerated() {
      guard let proto else { continue }
      for data in UnsafeBufferPointer(start: proto.pointee.output, count: proto.pointee.n_output) where data.len > 0 {
        let name = try data.text("output name", limit: limits.nameBytes)
        if makers[name] == nil { makers[name] = index }
      }
    }
  }

  /// E202 or E203 for a name that `reader` (a node's index) reads and nobody before it has made.
  func problem(of name: String, at reader: Int) -> GraphError {
    guard let maker = makers[name], let proto = protos[maker] else {
      return GraphError(.undefinedValue, "input '\(name)' is made by no node and is no input or initialiser")
    }
    if inCycle[reader], inCycle[maker] {
      return GraphError(.cycle, "input '\(name)' depends on this node's own output")
    }
    let node = proto.pointee.name
    let label = String(decoding: UnsafeBufferPointer(start: node.data, count: node.len), as: UTF8.self)
    return GraphError(
      .undefinedValue,
      "input '\(name)' is made only by a later node ('\(label)'); nodes must be listed in running order")
  }

  /// The nodes that remain when those without unmade inputs, and then those nobody waits for, are taken away again and
  /// again: each is in a cycle or between two.
  private func findCycles() -> [Bool] {
    var after = [[Int]](repeating: [], count: protos.count)
    var before = [[Int]](repeating: [], count: protos.count)
    for (index, proto) in protos.enumerated() {
      guard let proto else { continue }
      for data in UnsafeBufferPointer(start: proto.pointee.input, count: proto.pointee.n_input) where data.len > 0 {
        guard let name = try? data.text("input name", limit: limits.nameBytes), let maker = makers[name] else {
          continue
        }
        after[maker].append(index)
        before[index].append(maker)
      }
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
