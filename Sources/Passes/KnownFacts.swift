import ModelGraph
import Text

/// Types, shapes and values that do not depend on the inputs' symbolic dimensions.
///
/// Shape inference runs twice with different extents for each symbol; results that agree do not depend on the symbols.
/// If a node's shape rule fails, its outputs are unknown and inference continues.
struct KnownFacts {
  private let trials: [[Fact?]]

  init(_ graph: Graph) {
    let symbols = Symbols(graph)
    trials = (0..<(symbols.isEmpty ? 1 : 2)).map { KnownFacts.infer(graph, symbols, trial: $0) }
  }

  func type(_ id: Graph.ValueID) -> ElementType? { fact(0, id)?.type }

  /// Everything with the first extents of the symbols; nil for what could not be inferred.
  var first: [Fact?] { trials[0] }

  /// nil also for values added after the facts were gathered.
  private func fact(_ trial: Int, _ id: Graph.ValueID) -> Fact? { id < trials[trial].count ? trials[trial][id] : nil }

  func rank(_ id: Graph.ValueID) -> Int? {
    guard let rank = fact(0, id)?.shape.rank else { return nil }
    return trials.allSatisfy { $0[id]?.shape.rank == rank } ? rank : nil
  }

  /// The shape; nil if an extent depends on a symbol.
  func shape(_ id: Graph.ValueID) -> Shape? {
    guard let shape = fact(0, id)?.shape else { return nil }
    return trials.allSatisfy { $0[id]?.shape == shape } ? shape : nil
  }

  /// The extent of one axis; nil if it depends on a symbol.
  func extent(_ id: Graph.ValueID, _ axis: Int) -> Int? {
    guard let shape = fact(0, id)?.shape, axis < shape.rank else { return nil }
    let same = trials.allSatisfy { trial in
      guard let other = trial[id]?.shape, axis < other.rank else { return false }
      return other[axis] == shape[axis]
    }
    return same ? shape[axis] : nil
  }

  /// The value; nil if it is not known before running or depends on a symbol.
  func constant(_ id: Graph.ValueID) -> Tensor? {
    guard let constant = fact(0, id)?.constant else { return nil }
    let same = trials.allSatisfy { trial in trial[id]?.constant.map { $0.equals(constant) } ?? false }
    return same ? constant : nil
  }

  /// Whether `relation` holds between the shapes of two values for every binding of the symbols.
  func always(_ a: Graph.ValueID, _ b: Graph.ValueID, _ relation: (Shape, Shape) -> Bool) -> Bool {
    trials.allSatisfy { trial in
      guard a < trial.count, b < trial.count, let x = trial[a]?.shape, let y = trial[b]?.shape else { return false }
      return relation(x, y)
    }
  }

  private static func infer(_ graph: Graph, _ symbols: Symbols, trial: Int) -> [Fact?] {
    var facts: [Fact?] = graph.values.map { $0.constant.map { Fact($0) } }
    for id in graph.inputs {
      guard let declaration = graph.values[id].declaration else { continue }
      guard let shape = try? symbols.shape(declaration, trial: trial).checked() else { continue }
      facts[id] = Fact(declaration.type, shape)
    }
    for node in graph.nodes {
      guard let results = try? graph.infer(node, facts) else { continue }
      for (output, fact) in zip(node.outputs, results) {
        if let output { facts[output] = fact }
      }
    }
    // The values of weights are not needed here, and the facts must not keep them in memory.
    for id in facts.indices where (facts[id]?.shape.count ?? 0) > 4096 { facts[id]?.constant = nil }
    return facts
  }
}

extension Graph {
  /// A cheap check to make before gathering ``KnownFacts``, which visits every node.
  func hasNode(where isWanted: (Operator) -> Bool) -> Bool { nodes.contains { isWanted($0.operation) } }
}

/// Two extents for every symbol of a graph's inputs: small ones for the outermost axis (batch), picture-like ones for
/// others.
private struct Symbols {
  private var places: [ExactText: Int] = [:]
  private var outermost: [Bool] = []

  init(_ graph: Graph) {
    for id in graph.inputs {
      for (axis, dimension) in (graph.values[id].declaration?.dimensions ?? []).enumerated() {
        if case .symbol(let name) = dimension, places[ExactText(name)] == nil {
          places[ExactText(name)] = outermost.count
          outermost.append(axis == 0)
        }
      }
    }
  }

  var isEmpty: Bool { outermost.isEmpty }

  func shape(_ declaration: Declaration, trial: Int) -> Shape {
    var extents: [Int] = []
    for (axis, dimension) in declaration.dimensions.enumerated() {
      switch dimension {
      case .fixed(let extent): extents.append(extent)
      case .symbol(let name):
        let index = places[ExactText(name)] ?? 0
        // Unnamed dimensions are independent of each other.
        let apart = name.isEmpty ? axis : 0
        if outermost[index], axis == 0 || !name.isEmpty {
          extents.append(trial == 0 ? 2 + index : 37 + 3 * index)
        } else {
          extents.append(trial == 0 ? 224 + 32 * (index + apart) : 352 + 64 * (index + apart))
        }
      }
    }
    return Shape(extents)
  }
}

extension Tensor {
  /// Whether both have the same type, shape and bytes.
  func equals(_ other: Tensor) -> Bool {
    guard type == other.type, shape == other.shape else { return false }
    return withBytes { mine in other.withBytes { mine.elementsEqual($0) } }
  }
}
