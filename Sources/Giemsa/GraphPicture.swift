import ModelGraph
import ONNXFormat
import Passes
import Text

/// The boxes of a drawing of a graph, and what each reads: for `giemsa-field draw`.
package struct GraphPicture {
  package enum Kind { case port, product, quantization, movement, other }

  package struct Box {
    package let title: String
    /// Type and shape of its output.
    package let detail: String
    package let name: String
    package let kind: Kind
    /// Indices of the boxes before it whose outputs it reads, each once.
    package let inputs: [Int]
  }

  /// Inputs, nodes in the order in which they run (those that read only constants are left out), outputs.
  package private(set) var boxes: [Box] = []

  /// - Parameter isAsRun: as the passes leave it.
  package init(contentsOf path: String, isAsRun: Bool, limits: Limits) throws(GraphError) {
    var graph = try ONNXFile.read(path, limits: limits)
    let shapes = graph.planningShapes()
    if isAsRun { _ = try PassPipeline.optimize(&graph, limits: limits) }
    let facts = try graph.inferEarly(shapes).facts
    var makers = [Int?](repeating: nil, count: graph.values.count)
    func text(_ id: Graph.ValueID?) -> String { id.flatMap { facts[$0] }.map { "\($0.type.name) \($0.shape)" } ?? "?" }
    for id in graph.inputs {
      makers[id] = boxes.count
      boxes.append(Box(title: graph.values[id].name, detail: text(id), name: "input", kind: .port, inputs: []))
    }
    for node in graph.nodes {
      var inputs: [Int] = []
      for case let id? in node.inputs {
        if let maker = makers[id], !inputs.contains(maker) { inputs.append(maker) }
      }
      // What only constants make is itself one: dequantised weights, …
      if inputs.isEmpty, !graph.inputs.isEmpty { continue }
      for case let id? in node.outputs { makers[id] = boxes.count }
      boxes.append(
        Box(title: node.title, detail: text(node.firstOutput), name: node.name, kind: node.kind, inputs: inputs))
    }
    for id in graph.outputs {
      boxes.append(
        Box(
          title: graph.values[id].name, detail: text(id), name: "output", kind: .port,
          inputs: makers[id].map { [$0] } ?? []))
    }
  }
}

extension Graph.Node {
  fileprivate var kind: GraphPicture.Kind {
    switch operation {
    case .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear: return .quantization
    default: break
    }
    if case .none = operation.multiplyAdds { return operation.movement == .computation ? .other : .movement }
    return .product
  }
}
