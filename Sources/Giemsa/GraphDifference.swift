import ModelGraph
import ONNXFormat
import Text

/// What differs between two models' files: for `giemsa-field compare`.
///
/// Nodes are matched by what they do (operator, attributes, shapes), those with the same constants first, then those of
/// the same name, then in order. So renaming changes nothing, and a float convolution is matched with its quantised form.
package struct GraphDifference {
  /// A tensor of weights that is not the same in both, quantised ones as the numbers that they stand for.
  package struct Weights {
    /// Its name in the new model.
    package let name: String
    package let shape: Shape
    package let largest: Double
    /// Root mean square of the change, and of the old weights.
    package let rms: Double
    package let oldRMS: Double
  }

  package private(set) var isSameFile: Bool
  package let opsets: (old: Int, new: Int)
  package let byteCounts: (old: Int, new: Int)
  /// Inputs and outputs, and metadata that say how pictures are prepared and what the classes are.
  package private(set) var interface: [(name: String, old: String, new: String)] = []
  /// Other metadata.
  package private(set) var metadata: [(name: String, old: String, new: String)] = []
  package private(set) var matchedNodes = 0
  /// Operators of the nodes that only one model has, with their numbers.
  package private(set) var removed: [(name: String, count: Int)] = []
  package private(set) var added: [(name: String, count: Int)] = []
  /// Largest relative change first.
  package private(set) var weights: [Weights] = []

  package init(_ old: ReadModel, _ new: ReadModel) throws(PathError) {
    opsets = (old.opset, new.opset)
    byteCounts = (old.byteCount, new.byteCount)
    do throws(GraphError) {
      isSameFile = try old.bytes.areSame(as: new.bytes)
    } catch {
      throw PathError(path: new.path, error: error)
    }
    let (a, b) = (try Side(old), try Side(new))
    compareInterface(a.graph, b.graph)
    compareMetadata(a.graph, b.graph)
    compareNodes(a, b)
    weights = weights.inOrder { $0.rms * $1.oldRMS > $1.rms * $0.oldRMS }
    if !weights.isEmpty { isSameFile = false }  // external data
  }

  /// An error, and the file that it is about.
  package struct PathError: Error {
    package let path: String
    package let error: GraphError
  }

  // MARK: Interface

  private mutating func compareInterface(_ old: Graph, _ new: Graph) {
    for (kind, a, b) in [("input", old.inputs, new.inputs), ("output", old.outputs, new.outputs)] {
      for index in 0..<max(a.count, b.count) {
        let before = index < a.count ? GraphDifference.port(old.values[a[index]]) : ""
        let after = index < b.count ? GraphDifference.port(new.values[b[index]]) : ""
        if !before.isExactly(after) { interface.append(("\(kind) \(index)", before, after)) }
      }
    }
  }

  private static func port(_ value: Graph.Value) -> String {
    "\(value.name) \(value.declaration?.type.name ?? "?") \(value.declaration?.dimensions.text ?? "?")"
  }

  /// Keys that decide what an answer means.
  private static let meaningful = [
    "classes", "positive", "threshold", "input_size", "resize", "mean", "std", "range", "cell",
  ]

  private mutating func compareMetadata(_ old: Graph, _ new: Graph) {
    // A key may occur several times: all its values count.
    var keys: [String] = []
    var values: [ExactText: [[String]]] = [:]
    for (side, metadata) in [old.metadata, new.metadata].enumerated() {
      for (key, value) in metadata {
        if values[ExactText(key)] == nil { keys.append(key) }
        values[ExactText(key), default: [[], []]][side].append(value)
      }
    }
    for key in keys {
      guard let sides = values[ExactText(key)] else { continue }
      let (before, after) = (sides[0], sides[1])
      if before.count != after.count || zip(before, after).contains(where: { !$0.isExactly($1) }) {
        note(key, before.joined(separator: ", "), after.joined(separator: ", "))
      }
    }
  }

  private mutating func note(_ key: String, _ old: String, _ new: String) {
    if GraphDifference.meaningful.contains(where: { key.isExactly("giemsa." + $0) }) {
      interface.append((key, old, new))
    } else {
      metadata.append((key, old, new))
    }
  }

  // MARK: Nodes

  private mutating func compareNodes(_ old: Side, _ new: Side) {
    var partner = [Int?](repeating: nil, count: new.graph.nodes.count)
    var isTaken = [Bool](repeating: false, count: old.graph.nodes.count)
    for round in 0..<3 {
      var free: [ExactText: [Int]] = [:]
      // Backwards, since they are taken from the end.
      for index in isTaken.indices.reversed() where !isTaken[index] {
        if let key = old.key(index, round) { free[key, default: []].append(index) }
      }
      for index in partner.indices where partner[index] == nil {
        guard let key = new.key(index, round), let match = free[key]?.popLast() else { continue }
        partner[index] = match
        isTaken[match] = true
      }
    }
    var isCompared = [Bool](repeating: false, count: new.graph.values.count)
    for (index, match) in partner.enumerated() {
      guard let match else { continue }
      matchedNodes += 1
      let (a, b) = (old.graph.nodes[match], new.graph.nodes[index])
      for (before, after) in zip(a.inputs, b.inputs) {
        guard let before, let after, !isCompared[after] else { continue }
        isCompared[after] = true
        if let change = GraphDifference.change(old, before, new, after) { weights.append(change) }
      }
    }
    removed = GraphDifference.tally(old.graph, isTaken.map { !$0 })
    added = GraphDifference.tally(new.graph, partner.map { $0 == nil })
  }

  private static func tally(_ graph: Graph, _ marked: [Bool]) -> [(name: String, count: Int)] {
    var counts: [(name: String, count: Int)] = []
    for (index, node) in graph.nodes.enumerated() where marked[index] {
      let name = node.operation.name
      if let place = counts.firstIndex(where: { $0.name == name }) {
        counts[place].count += 1
      } else {
        counts.append((name, 1))
      }
    }
    return counts
  }

  /// nil if the values are no weights, or the same.
  private static func change(_ old: Side, _ before: Graph.ValueID, _ new: Side, _ after: Graph.ValueID) -> Weights? {
    guard let a = old.weights(before), let b = new.weights(after), a.shape == b.shape, a.count > 0,
      let x = try? a.converted(to: .float32), let y = try? b.converted(to: .float32)
    else { return nil }
    var (largest, squares, oldSquares) = (0.0, 0.0, 0.0)
    x.withElements(Float.self) { x in
      y.withElements(Float.self) { y in
        for index in x.indices {
          let difference = Double(y[index]) - Double(x[index])
          // Of two infinities the difference is no number.
          if x[index] == y[index] || x[index].isNaN && y[index].isNaN {
            oldSquares += Double(x[index]) * Double(x[index])
            continue
          }
          largest = max(largest, difference.magnitude)
          squares += difference * difference
          oldSquares += Double(x[index]) * Double(x[index])
        }
      }
    }
    guard squares != 0 else { return nil }
    let count = Double(a.count)
    return Weights(
      name: new.graph.values[after].name, shape: b.shape, largest: largest, rms: (squares / count).squareRoot(),
      oldRMS: (oldSquares / count).squareRoot())
  }

  /// A graph, and for each node what it is matched by.
  private struct Side {
    let graph: Graph
    private let producers: [Int?]
    private var functions: [String] = []
    /// nil: a node without constants.
    private var contents: [UInt64?] = []

    init(_ model: ReadModel) throws(PathError) {
      graph = model.graph
      producers = graph.producers()
      let facts: [Fact?]
      do throws(GraphError) {
        facts = try graph.inferEarly(graph.planningShapes()).facts
      } catch {
        throw PathError(path: model.path, error: error)
      }
      for node in graph.nodes {
        var text = "\(node.operation.domain.name).\(node.operation.name)"
        var hash = ByteHash()
        var hasConstant = false
        for attribute in node.operation.attributes { text += attribute.matchText }
        for id in node.inputs + node.outputs {
          guard let id else {
            text += " -"
            continue
          }
          text += facts[id].map { " \($0.type.name)\($0.shape)" } ?? " ?"
          guard let constant = constant(id) else { continue }
          constant.withBytes { hash.add($0) }
          hasConstant = true
        }
        functions.append(text)
        contents.append(hasConstant ? hash.value : nil)
      }
    }

    /// By the same constants, by the same name, by function alone.
    func key(_ node: Int, _ round: Int) -> ExactText? {
      switch round {
      case 0: contents[node].map { ExactText("\($0) \(functions[node])") }
      case 1: ExactText("\(graph.nodes[node].name) \(functions[node])")
      default: ExactText(functions[node])
      }
    }

    /// A constant, through any number of Identity.
    private func constant(_ id: Graph.ValueID) -> Tensor? {
      var id = id
      while let index = producers[id], case .identity = graph.nodes[index].operation,
        let input = graph.nodes[index].firstInput
      {
        id = input
      }
      return graph.values[id].constant
    }

    /// A constant, or what a DequantizeLinear makes of one; nil for integers otherwise.
    func weights(_ id: Graph.ValueID) -> Tensor? {
      if let constant = constant(id) { return constant.type.isFloat ? constant : nil }
      guard let index = producers[id], case .dequantizeLinear(let operation) = graph.nodes[index].operation else {
        return nil
      }
      var inputs: [Tensor?] = []
      for input in graph.nodes[index].inputs {
        guard let input else {
          inputs.append(nil)
          continue
        }
        guard let constant = constant(input) else { return nil }
        inputs.append(constant)
      }
      return try? operation.evaluate(Inputs(DequantizeLinear.name, inputs)).first
    }
  }
}

extension Attribute {
  fileprivate var matchText: String {
    switch value {
    case .int(let value): " \(name)=\(value)"
    case .ints(let values): " \(name)=\(Shape(values))"
    case .float(let value): " \(name)=\(value.bitPattern)"
    case .floats(let values): " \(name)=\(Shape(values.map { Int($0.bitPattern) }))"
    case .string(let value): " \(name)=\(value)"
    case .strings(let values): " \(name)=\(values.joined(separator: ","))"
    case .tensor(let tensor):
      tensor.withBytes { bytes in
        var hash = ByteHash()
        hash.add(bytes)
        return " \(name)=\(tensor.shape)\(hash.value)"
      }
    case .graph(let graph): " \(name)=\(graph.nodes.count)"
    }
  }
}

/// FNV-1a over words of 8 bytes.
struct ByteHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let words = bytes.count / 8
    for word in 0..<words { mix(bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)) }
    for byte in bytes[(words * 8)...] { mix(UInt64(byte)) }
    mix(UInt64(bytes.count))
  }

  private mutating func mix(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01b3 }
}
