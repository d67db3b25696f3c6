import ModelGraph
import ONNXFormat
import Passes
import Text

/// What is in a file, and what becomes of it before it runs: for `giemsa-field inspect`.
package struct ModelInspection {
  /// A graph's nodes and what they take, for one shape of each input.
  package struct Stage {
    package struct Node {
      package let name: String
      /// `Conv+Add+Relu` for a fused node.
      package let title: String
      /// Of the first output; nil where it is not known before a run.
      package let shape: Shape?
      package let parameters: Int
      package let multiplyAdds: Int
      /// Bytes of its outputs.
      package let outputBytes: Int
    }

    package private(set) var nodes: [Node] = []
    package let parameters: Int
    package let constantBytes: Int
    /// Bytes of the activations that are alive at a time.
    package let peakBytes: Int
    package private(set) var multiplyAdds = 0
    package private(set) var activationBytes = 0
    /// Most frequent first.
    package private(set) var operatorCounts: [(name: String, count: Int)] = []

    fileprivate init(_ graph: Graph, _ inputShapes: [Shape]) throws(GraphError) {
      let facts = try graph.inferEarly(inputShapes).facts
      parameters = graph.parameterCount
      constantBytes = graph.constantBytes
      peakBytes = graph.peakActivationBytes(facts)
      for node in graph.nodes {
        let cost = graph.cost(of: node, facts)
        let (sum, overflow) = multiplyAdds.addingReportingOverflow(cost.multiplyAdds)
        multiplyAdds = overflow ? .max : sum
        activationBytes += cost.outputBytes
        let title = node.title
        if let index = operatorCounts.firstIndex(where: { $0.name == title }) {
          operatorCounts[index].count += 1
        } else {
          operatorCounts.append((title, 1))
        }
        let shape = node.firstOutput.flatMap { facts[$0]?.shape }
        nodes.append(
          Node(
            name: node.name, title: title, shape: shape, parameters: cost.parameters, multiplyAdds: cost.multiplyAdds,
            outputBytes: cost.outputBytes))
      }
      operatorCounts = operatorCounts.inOrder { $0.count != $1.count ? $0.count > $1.count : $0.name < $1.name }
    }
  }

  /// An input or output, as declared: `float32`, `[N, 3, 64, 64]`; `?` for what the file does not say.
  package struct Port {
    package let kind: String
    package let name: String
    package let type: String
    package let shape: String
  }

  package let name: String
  package let ports: [Port]
  package let metadata: [(key: String, value: String)]
  package let inFile: Stage
  package let asRun: Stage
  /// In order, with the number of places that each changed.
  package let passes: [(name: String, changes: Int)]

  /// - Parameters:
  ///   - batch: of inputs that leave it open.
  ///   - size: height and width of inputs of four axes that leave them open.
  package init(
    contentsOf path: String, batch: Int, size: (height: Int, width: Int), limits: Limits
  ) throws(GraphError) {
    try self.init(try ONNXFile.read(path, limits: limits), batch, size, limits)
  }

  /// The same for a batch of one of pictures of 224 × 224.
  package init(_ model: ReadModel, limits: Limits) throws(GraphError) {
    try self.init(model.graph, 1, (224, 224), limits)
  }

  private init(
    _ graph: Graph, _ batch: Int, _ size: (height: Int, width: Int), _ limits: Limits
  ) throws(GraphError) {
    var graph = graph
    name = graph.name
    metadata = graph.metadata
    var ports: [Port] = []
    for (kind, ids) in [("input", graph.inputs), ("output", graph.outputs)] {
      for id in ids {
        let value = graph.values[id]
        ports.append(
          Port(
            kind: kind, name: value.name, type: value.declaration?.type.name ?? "?",
            shape: value.declaration?.dimensions.text ?? "?"))
      }
    }
    self.ports = ports
    let shapes = graph.inputs.map { ModelInspection.shape(graph.values[$0].declaration, batch, size) }
    inFile = try Stage(graph, shapes)
    passes = try PassPipeline.optimize(&graph, limits: limits)
    asRun = try Stage(graph, shapes)
  }

  /// What a build for a model in a file needs (`tools/build-field --for`): every operator that it has before, between and
  /// after the passes, the passes that change something, and which of `doubles`, `groups` and `dilations` there are
  /// (`LeftOut.swift`).
  package static func needs(of path: String, limits: Limits) throws(GraphError) -> [String] {
    var graph = try ONNXFile.read(path, limits: limits)
    var names: [String] = []
    var (hasDoubles, hasGroups, hasDilations) = (false, false, false)
    func addConvolution(_ window: Window, groups: Int) {
      hasGroups = hasGroups || groups != 1
      hasDilations = hasDilations || window.dilations.contains { $0 != 1 }
    }
    func add(_ graph: Graph) {
      if let facts = try? graph.inferEarly(nil).facts {
        hasDoubles = hasDoubles || facts.contains { $0?.type == .float64 }
      } else {
        hasDoubles = true
      }
      for node in graph.nodes {
        let (name, domain) = (node.operation.name, node.operation.domain.name)
        let whole = domain.isEmpty ? name : "\(domain).\(name)"
        if !names.contains(whole) { names.append(whole) }
        switch node.operation {
        case .branch(let branches):
          hasDoubles = true  // the types inside are not known
          add(branches.thenBranch)
          add(branches.elseBranch)
        case .conv(let operation): addConvolution(operation.window, groups: operation.group)
        case .fusedConv(let operation): addConvolution(operation.window, groups: operation.group)
        default: continue
        }
      }
    }
    add(graph)
    let passes = try PassPipeline.optimize(&graph, limits: limits) { add($0) }
    for pass in passes where pass.changes > 0 { names.append(pass.name) }
    if hasDoubles { names.append("doubles") }
    if hasGroups { names.append("groups") }
    if hasDilations { names.append("dilations") }
    return names
  }

  /// Symbols of the outermost axis are the batch, the last two of four are height and width, any other is 1.
  private static func shape(_ declaration: Declaration?, _ batch: Int, _ size: (height: Int, width: Int)) -> Shape {
    var extents: [Int] = []
    let dimensions = declaration?.dimensions ?? []
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .fixed(let extent): extents.append(extent)
      case .symbol where axis == 0: extents.append(batch)
      case .symbol where dimensions.count == 4 && axis == 2: extents.append(size.height)
      case .symbol where dimensions.count == 4 && axis == 3: extents.append(size.width)
      case .symbol: extents.append(1)
      }
    }
    return Shape(extents)
  }
}

extension Graph.Node {
  /// `Conv+Add+Relu`: the operator, and what a fused node does besides.
  var title: String {
    guard case .fusedConv(let fused) = operation else { return operation.name }
    let residual = self[FusedConv.Input.z] != nil ? "+Add" : ""
    let activation = fused.activation.name
    return "Conv" + residual + (activation.isEmpty ? "" : "+\(activation)")
  }
}
