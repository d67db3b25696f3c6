import ModelGraph

/// The operands of all steps: activations that earlier steps produce, parameters, running statistics and constants. A
/// value that several nodes read is one object.
struct OperandTable {
  private(set) var parameters: [Parameter] = []
  private let graph: Graph
  private let freezing: Freezing
  private let groups: LayerGroups
  private let consumers: [[Int]]
  private let producers: [Int?]
  /// Columns of a panel of packed weights.
  private let panelWidth: Int
  private var slots: [Graph.ValueID: Slot] = [:]
  private var parameterOf: [Graph.ValueID: Parameter] = [:]
  private var statisticOf: [Graph.ValueID: RunningStatistic] = [:]

  init(_ graph: Graph, inputShape: Shape, freezing: Freezing, panelWidth: Int) throws(GraphError) {
    self.graph = graph
    self.freezing = freezing
    self.panelWidth = panelWidth
    groups = try LayerGroups(graph, inputShape: inputShape)
    consumers = graph.consumers()
    producers = graph.producers()
  }

  func slot(_ value: Graph.ValueID) -> Slot? { slots[value] }

  mutating func add(_ slot: Slot, for value: Graph.ValueID) { slots[value] = slot }

  mutating func operands(_ node: Graph.Node) throws(GraphError) -> [Operand?] {
    var operands: [Operand?] = []
    for input in node.inputs { operands.append(try operand(input)) }
    return operands
  }

  mutating func operand(_ value: Graph.ValueID?) throws(GraphError) -> Operand? {
    guard let value else { return nil }
    if let slot = slots[value] { return .slot(slot) }
    guard let constant = graph.values[value].constant else {
      throw .undefinedInput(graph.values[value].name)
    }
    guard let use = use(of: value) else { return .constant(constant) }
    if let parameter = parameterOf[value] { return .parameter(parameter) }
    let parameter = Parameter(
      name: graph.values[value].name, value: value, shape: constant.shape, layout: use.layout, decays: use.decays,
      group: use.group, learns: use.learns)
    parameterOf[value] = parameter
    parameters.append(parameter)
    return .parameter(parameter)
  }

  /// nil if the value is no float constant.
  mutating func statistic(_ value: Graph.ValueID?) -> RunningStatistic? {
    guard let value, let tensor = graph.values[value].constant, tensor.type == .float32 else { return nil }
    if let known = statisticOf[value] { return known }
    let statistic = RunningStatistic(name: graph.values[value].name, value: value, numbers: tensor.array())
    statisticOf[value] = statistic
    return statistic
  }

  /// A constant input's first element.
  func number(_ node: Graph.Node, _ input: OperatorInput) -> Float? {
    node[input].flatMap { graph.values[$0].constant?.doubles.first }.map { Float($0) }
  }

  /// How a float constant is used as a parameter; nil if no node that reads it lets it learn.
  private func use(of value: Graph.ValueID) -> (layout: Parameter.Layout, decays: Bool, group: Int, learns: Bool)? {
    guard let constant = graph.values[value].constant, constant.type == .float32 else { return nil }
    var layouts: [Parameter.Layout] = []
    var (learns, decays, normalizes) = (false, false, false)
    for reader in consumers[value] {
      let node = graph.nodes[reader]
      for (index, input) in node.inputs.enumerated() where input == value {
        var layout = Parameter.Layout.plain
        switch (node.operation, index) {
        case (.conv(let conv), Conv.Input.w.index) where constant.shape.rank == 3 || constant.shape.rank == 4:
          let isDepthwise = conv.group > 1 && conv.group == constant.shape[0] && constant.shape[1] == 1
          layout = isDepthwise ? .depthwise : .panels(group: conv.group, width: panelWidth)
          (learns, decays) = (true, true)
        // A Conv over three spatial axes is run by its definition.
        case (.conv, Conv.Input.w.index), (.convTranspose, ConvTranspose.Input.w.index), (.gemm, Gemm.Input.b.index),
          (.matMul, _):
          (learns, decays) = (true, true)
        case (.batchNormalization, BatchNormalization.Input.scale.index),
          (.batchNormalization, BatchNormalization.Input.b.index):
          (learns, normalizes) = (true, true)
        // Their inputs behind the first are scale and bias.
        case (.layerNormalization, 1...), (.rmsNormalization, 1...), (.instanceNormalization, 1...),
          (.groupNormalization, 1...):
          (learns, normalizes) = (true, true)
        case (.conv, Conv.Input.b.index), (.convTranspose, ConvTranspose.Input.b.index), (.gemm, Gemm.Input.c.index),
          (.pRelu, PRelu.Input.slope.index):
          learns = true
        // A linear layer over more than two axes is exported as MatMul and Add.
        case (.add, _) where constant.shape.rank == 1 && isProduct(node.inputs[1 - min(index, 1)]): learns = true
        default: break
        }
        layouts.append(layout)
      }
    }
    guard learns, let first = layouts.first else { return nil }
    let group = consumers[value].map { groups.groups[$0] }.max() ?? LayerGroups.head
    let isFree = group >= freezing.groups || normalizes && freezing.normalizationsLearn
    return (layouts.allSatisfy { $0 == first } ? first : .plain, decays, group, isFree)
  }

  private func isProduct(_ value: Graph.ValueID?) -> Bool {
    guard let value, let producer = producers[value], case .matMul = graph.nodes[producer].operation else {
      return false
    }
    return true
  }
}
