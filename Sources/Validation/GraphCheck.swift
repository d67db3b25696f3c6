import ModelGraph
import PictureModels
import Text

/// Checks a graph in one walk. After a problem the walk continues: values that depend on the broken one are skipped
/// silently, the rest is still checked.
struct GraphCheck {
  private let graph: Graph
  /// Values that cannot be checked because of a problem already reported.
  private var unknown: Set<Graph.ValueID>
  private var facts: [Fact?]
  /// Values whose shapes only a run finds, and the nodes that make them.
  private var late: Set<Graph.ValueID> = []
  private var lateNodes: [Graph.Node] = []
  private var found: Findings

  /// - Parameter found: earlier findings.
  init(_ graph: Graph, unknown: Set<Graph.ValueID>, _ found: Findings) {
    self.found = found
    self.graph = graph
    self.unknown = unknown
    facts = [Fact?](repeating: nil, count: graph.values.count)
  }

  /// - Parameters:
  ///   - isWhole: nothing was left out when the file was read.
  ///   - budgets: what the graph is held to besides.
  mutating func findings(isWhole: Bool, _ budgets: Budgets = Budgets()) -> Findings {
    checkDefinitions()
    takeSources()
    for node in graph.nodes { check(node) }
    checkOutputs()
    checkFinite()
    checkMetadata()
    budgets.check(graph, facts, isWhole: isWhole && unknown.isEmpty, &found)
    if isWhole { warn() }
    // What the other warnings are about has been checked only in a graph without errors.
    if !Version.isForSomeModels, isWhole, unknown.isEmpty {
      var sense = SenseCheck(graph, facts, found, isBatchChecked: budgets.wantsFreeBatch)
      found = sense.findings()
    }
    return found
  }

  private mutating func report(_ code: Code, _ message: String, node: String? = nil, value: Graph.ValueID? = nil) {
    found.append(Finding(code, message, node: node, tensor: value.map { graph.values[$0].name }))
  }

  /// A value must have exactly one source: an input, a constant or one node's output.
  private mutating func checkDefinitions() {
    var isDefined = graph.values.map { $0.constant != nil }
    for id in graph.inputs {
      if isDefined[id] { report(.definedTwice, "input '\(graph.values[id].name)' is defined twice", value: id) }
      isDefined[id] = true
    }
    for node in graph.nodes {
      for case let id? in node.outputs {
        if isDefined[id] {
          report(
            .definedTwice, "\(node.place): output '\(graph.values[id].name)' is defined twice", node: node.name,
            value: id)
        }
        isDefined[id] = true
      }
    }
  }

  private mutating func takeSources() {
    for (id, value) in graph.values.enumerated() {
      if let constant = value.constant { facts[id] = Fact(constant) }
    }
    for (id, shape) in zip(graph.inputs, graph.planningShapes()) where !unknown.contains(id) {
      let name = graph.values[id].name
      guard let declaration = graph.values[id].declaration else {
        report(.badInput, "input '\(name)' does not say its type and shape", value: id)
        unknown.insert(id)
        continue
      }
      do throws(GraphError) {
        facts[id] = Fact(declaration.type, try shape.checked())
      } catch {
        found.append(Finding(error.at("input '\(name)'"), tensor: name))
        unknown.insert(id)
      }
    }
  }

  private mutating func check(_ node: Graph.Node) {
    if node.inputs.contains(where: { $0.map { late.contains($0) } ?? false }) {
      addLate(node)
      return
    }
    var isKnown = true
    for case let input? in node.inputs where facts[input] == nil {
      isKnown = false
      if unknown.insert(input).inserted {
        let name = graph.values[input].name
        found.append(Finding(GraphError.undefinedInput(name).at(node.place), node: node.name, tensor: name))
      }
    }
    if isKnown {
      do throws(GraphError) {
        for (output, fact) in zip(node.outputs, try graph.infer(node, facts)) {
          if let output { facts[output] = fact }
        }
      } catch {
        if error.code == .notConstant {
          addLate(node)
          return
        }
        found.append(Finding(error.at(node.place), node: node.name))
      }
    }
    for case let output? in node.outputs where facts[output] == nil { unknown.insert(output) }
  }

  private mutating func addLate(_ node: Graph.Node) {
    lateNodes.append(node)
    for case let output? in node.outputs { late.insert(output) }
  }

  private mutating func checkOutputs() {
    let hasSymbols = graph.inputs.contains { id in
      (graph.values[id].declaration?.dimensions ?? []).contains { if case .symbol = $0 { true } else { false } }
    }
    for id in graph.outputs {
      let name = graph.values[id].name
      if late.contains(id) {
        do throws(GraphError) {
          _ = try graph.lateOutputType(id)
        } catch {
          found.append(Finding(error, tensor: name))
          lateNodes = []
        }
        continue
      }
      guard let fact = facts[id] else {
        if !unknown.contains(id) { found.append(Finding(.undefinedOutput(name), tensor: name)) }
        continue
      }
      guard let declaration = graph.values[id].declaration else { continue }
      if declaration.type != fact.type {
        report(
          .typeMismatch, "output '\(name)' is declared \(declaration.type.name) but becomes \(fact.type.name)",
          value: id)
      }
      // Symbols are bound to arbitrary sizes here, so only the number of axes is certain.
      let declared = declaration.shape()
      let differs = zip(declaration.dimensions, fact.shape.extents).contains { dimension, extent in
        if case .fixed(let fixed) = dimension { return fixed != extent && !hasSymbols }
        return false
      }
      if declared.rank != fact.shape.rank || differs {
        report(.shapeMismatch, "output '\(name)' is declared \(declared) but becomes \(fact.shape)", value: id)
      }
    }
    if graph.outputs.isEmpty, unknown.isEmpty { report(.noOutput, "the graph has no outputs") }
  }

  // MARK: Weights

  /// NaN is what a failed training run leaves, wherever it is. Infinities are so among weights; elsewhere they are bounds
  /// and masks.
  private mutating func checkFinite() {
    let weights = multipliedValues()
    for (id, value) in graph.values.enumerated() {
      guard let constant = value.constant else { continue }
      checkFinite(constant, weights[id], "initialiser '\(value.name)'", nil, id)
    }
    for node in graph.nodes {
      guard case .constant = node.operation, let output = node.firstOutput else { continue }
      if let constant = facts[output]?.constant {
        checkFinite(constant, weights[output], node.place, node.name, output)
      }
    }
  }

  /// For each value, whether a node reads it as a weight, or may as a factor of a matrix product.
  private func multipliedValues() -> [Bool] {
    var multiplied = [Bool](repeating: false, count: graph.values.count)
    for node in graph.nodes {
      var isProduct = true
      if case .none = node.operation.multiplyAdds { isProduct = false }
      for input in node.operation.inputs
      where input.content == .weight || (isProduct && input.content == .activationOrWeight) {
        if let id = node[input] { multiplied[id] = true }
      }
    }
    return multiplied
  }

  private mutating func checkFinite(
    _ tensor: Tensor, _ isWeight: Bool, _ place: String, _ node: String?, _ id: Graph.ValueID
  ) {
    var count = 0
    var first = 0
    switch tensor.type {
    case .float32:
      tensor.withElements(Float.self) { elements in
        for index in elements.indices where !elements[index].isFinite {
          if elements[index].isInfinite, !isWeight { continue }
          if count == 0 { first = index }
          count += 1
        }
      }
    case .float64:
      tensor.withElements(Double.self) { elements in
        for index in elements.indices where !elements[index].isFinite {
          if elements[index].isInfinite, !isWeight { continue }
          if count == 0 { first = index }
          count += 1
        }
      }
    case .float16, .bfloat16:
      if let wide = try? tensor.converted(to: .float32) { checkFinite(wide, isWeight, place, node, id) }
      return
    default: return
    }
    if count > 0 {
      report(
        .notFinite,
        "\(place): \(count) of \(tensor.count) values are NaN\(isWeight ? " or infinite" : ""), the first at \(first); "
          + "train or export it again",
        node: node, value: id)
    }
  }

  // MARK: Metadata

  private mutating func checkMetadata() {
    let metadata: ModelMetadata
    do throws(GraphError) {
      metadata = try ModelMetadata(graph.metadata)
    } catch {
      found.append(Finding(error))
      return
    }
    if let output = graph.outputs.first, let shape = facts[output]?.shape, let last = shape.extents.last,
      !metadata.classes.isEmpty
    {
      do throws(GraphError) {
        // One sigmoid output distinguishes two classes.
        let classes = try ClassifierInterface.ending(graph, output, facts) == .sigmoid && last == 1 ? 2 : last
        if metadata.classes.count != classes {
          report(
            .badMetadata,
            "metadata 'giemsa.classes' names \(metadata.classes.count) classes; the model distinguishes \(classes)")
        }
      } catch {
        found.append(Finding(error))
      }
    }
    guard let input = graph.inputs.first, let declaration = graph.values[input].declaration,
      declaration.dimensions.count == 4
    else { return }
    let axes = PictureAxes(declaration.dimensions)
    if case .fixed(let channels) = declaration.dimensions[axes.channel], !metadata.mean.isEmpty,
      metadata.mean.count != channels
    {
      report(
        .badMetadata, "metadata 'giemsa.mean' has \(metadata.mean.count) channels; the model's input has \(channels)")
    }
    for error in metadata.sizeErrors(of: declaration) { found.append(Finding(error)) }
  }

  // MARK: Warnings

  private mutating func warn() {
    var wanted = [Bool](repeating: false, count: graph.values.count)
    for id in graph.outputs { wanted[id] = true }
    var dead: [Graph.Node] = []
    for node in graph.nodes.reversed() {
      if node.outputs.contains(where: { $0.map { wanted[$0] } ?? false }) {
        for case let input? in node.inputs { wanted[input] = true }
      } else {
        dead.append(node)
      }
    }
    var isRead = [Bool](repeating: false, count: graph.values.count)
    for node in graph.nodes { for case let input? in node.inputs { isRead[input] = true } }
    for id in graph.outputs { isRead[id] = true }
    for (id, value) in graph.values.enumerated() where value.constant != nil && !isRead[id] {
      report(
        .unusedConstant, "initialiser '\(value.name)' is read by no node; it only makes the file larger", value: id)
    }
    if let first = lateNodes.first {
      let behind = lateNodes.count - 1
      report(
        .lateShape,
        "\(first.place): the shape of its output depends on values that only a run finds; it"
          + (behind == 0 ? "" : " and \(behind) node\(behind == 1 ? "" : "s") behind it")
          + " run by plain definitions, slowly", node: first.name)
    }
    for node in dead.reversed() {
      report(
        .deadNode, "\(node.place): no output of the model depends on it; it is removed when the model runs",
        node: node.name)
    }
    if !graph.metadata.contains(where: { $0.key == "giemsa.input_size" || $0.key == "giemsa.mean" }) {
      report(
        .noMetadata,
        "no giemsa.* metadata: class names and preprocessing are unknown; `infer` needs options for them")
    }
  }
}
