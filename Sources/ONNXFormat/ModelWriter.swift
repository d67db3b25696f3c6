import ModelGraph
import ONNXSchema
import PictureModels
import Text

/// ``Graph`` → ModelProto. The messages point to the graph's tensors, so that writing does not copy them.
final class ModelWriter {
  private var graph: Graph
  private var nodes: [WrittenNode] = []
  private let arena = MessageArena()
  private var names: [String] = []

  /// nil: ``Graph/opset``, or the oldest later one that has all operators.
  private let wantedOpset: Int?

  init(_ graph: Graph, opset: Int? = nil) {
    self.graph = graph
    wantedOpset = opset
  }

  /// Must live as long as the writer.
  func model() throws(GraphError) -> UnsafeMutablePointer<Onnx__ModelProto> {
    for node in graph.nodes {
      guard case .branch = node.operation else { continue }
      throw GraphError(
        .subgraph,
        "holds graphs, which are read but not written; fix the input size when exporting, or run onnx-simplifier"
      ).at(node.place)
    }
    let opset = try writtenOpset()
    if let wantedOpset {
      let forms = try OpsetForms(graph, opset: wantedOpset)
      try forms.convert()
      (graph, nodes) = (forms.graph, forms.nodes)
    } else {
      nodes = graph.nodes.map { WrittenNode($0) }
    }
    names = uniqueNames()
    var proto = Onnx__ModelProto()
    onnx__model_proto__init(&proto)
    proto.has_ir_version = 1
    proto.ir_version = Versions.writtenIR(ofOpset: opset)
    proto.has_producer_name = 1
    proto.producer_name = arena.data(Versions.producer)
    proto.has_producer_version = 1
    proto.producer_version = arena.data(Versions.producerVersion)
    var sets = [operatorSet("", opset)]
    if graph.nodes.contains(where: { $0.operation.domain == .microsoft }) {
      sets.append(operatorSet(OperatorDomain.microsoft.name, Versions.writtenMicrosoftOpset))
    }
    proto.n_opset_import = sets.count
    proto.opset_import = arena.array(sets)
    let entries = graph.metadata.map { arena.entry($0.key, $0.value) }
    proto.n_metadata_props = entries.count
    proto.metadata_props = arena.array(entries)
    proto.n_graph = 1
    proto.graph = arena.array([try graphMessage()])
    return arena.make(proto)
  }

  private func writtenOpset() throws(GraphError) -> Int64 {
    guard let wanted = wantedOpset.map({ Int64($0) }) else { return Versions.writtenOpset(of: graph) }
    guard Versions.convertedOpsets.contains(wanted) else {
      let range = Versions.convertedOpsets
      throw GraphError(
        .opset, "cannot be written for opset \(wanted); it can for opsets \(range.lowerBound) to \(range.upperBound)")
    }
    return wanted
  }

  /// Lengths in a protocol buffer have 31 bits.
  func check(_ size: Int) throws(GraphError) {
    guard size <= Int(Int32.max) else {
      throw GraphError(.overLimit, "cannot be written: \(size) bytes; an ONNX file has at most 2 GiB")
    }
  }

  private func operatorSet(_ domain: String, _ version: Int64) -> UnsafeMutablePointer<Onnx__OperatorSetIdProto>? {
    var proto = Onnx__OperatorSetIdProto()
    onnx__operator_set_id_proto__init(&proto)
    proto.has_domain = 1
    proto.domain = arena.data(domain)
    proto.has_version = 1
    proto.version = version
    return arena.make(proto)
  }

  private func graphMessage() throws(GraphError) -> UnsafeMutablePointer<Onnx__GraphProto>? {
    var proto = Onnx__GraphProto()
    onnx__graph_proto__init(&proto)
    proto.has_name = 1
    // onnx.checker refuses a graph without a name.
    proto.name = arena.data(graph.name.isEmpty ? "graph" : graph.name)

    let messages = nodes.map { message($0) }
    proto.n_node = messages.count
    proto.node = arena.array(messages)

    var wanted = Set(graph.outputs)
    for node in nodes { for case let input? in node.inputs { wanted.insert(input) } }
    var constants: [UnsafeMutablePointer<Onnx__TensorProto>?] = []
    for (id, value) in graph.values.enumerated() where wanted.contains(id) {
      if let tensor = value.constant { constants.append(arena.tensor(tensor, name: names[id])) }
    }
    proto.n_initializer = constants.count
    proto.initializer = arena.array(constants)

    let inputs = graph.inputs.map { declaration(names[$0], graph.values[$0].declaration) }
    proto.n_input = inputs.count
    proto.input = arena.array(inputs)

    let declared = try outputDeclarations()
    var outputs: [UnsafeMutablePointer<Onnx__ValueInfoProto>?] = []
    for (id, what) in zip(graph.outputs, declared) { outputs.append(declaration(names[id], what)) }
    proto.n_output = outputs.count
    proto.output = arena.array(outputs)
    return arena.make(proto)
  }

  private func message(_ node: WrittenNode) -> UnsafeMutablePointer<Onnx__NodeProto>? {
    var proto = Onnx__NodeProto()
    onnx__node_proto__init(&proto)
    proto.has_name = 1
    proto.name = arena.data(node.name)
    proto.has_op_type = 1
    proto.op_type = arena.data(node.kind)
    if node.domain != .onnx {
      proto.has_domain = 1
      proto.domain = arena.data(node.domain.name)
    }
    let inputs = node.inputs.map { arena.data($0.map { names[$0] } ?? "") }
    proto.n_input = inputs.count
    proto.input = arena.array(inputs)
    let outputs = node.outputs.map { arena.data($0.map { names[$0] } ?? "") }
    proto.n_output = outputs.count
    proto.output = arena.array(outputs)
    let attributes = node.attributes.map { arena.attribute($0) }
    proto.n_attribute = attributes.count
    proto.attribute = arena.array(attributes)
    return arena.make(proto)
  }

  /// A unique name for every value: its own unless that is empty or taken. Inputs and outputs choose first.
  private func uniqueNames() -> [String] {
    var names = [String](repeating: "", count: graph.values.count)
    var taken = ValueNames()
    for id in graph.inputs + graph.outputs + Array(graph.values.indices) where names[id].isEmpty {
      let base = graph.values[id].name.isEmpty ? "value_\(id)" : graph.values[id].name
      names[id] = taken.fresh(base)
    }
    return names
  }

  // MARK: Types and shapes

  private func declaration(
    _ name: String, _ declaration: Declaration?
  ) -> UnsafeMutablePointer<Onnx__ValueInfoProto>? {
    var proto = Onnx__ValueInfoProto()
    onnx__value_info_proto__init(&proto)
    proto.has_name = 1
    proto.name = arena.data(name)
    guard let declaration else { return arena.make(proto) }

    var shape = Onnx__TensorShapeProto()
    onnx__tensor_shape_proto__init(&shape)
    let dimensions = declaration.dimensions.map { message($0) }
    shape.n_dim = dimensions.count
    shape.dim = arena.array(dimensions)

    var tensor = Onnx__TypeProto__Tensor()
    onnx__type_proto__tensor__init(&tensor)
    tensor.has_elem_type = 1
    tensor.elem_type = TensorDataType.number(declaration.type)
    tensor.n_shape = 1
    let shapes: [UnsafeMutablePointer<Onnx__TensorShapeProto>?] = [arena.make(shape)]
    tensor.shape = arena.array(shapes)

    var type = Onnx__TypeProto()
    onnx__type_proto__init(&type)
    type.n_tensor_type = 1
    let tensors: [UnsafeMutablePointer<Onnx__TypeProto__Tensor>?] = [arena.make(tensor)]
    type.tensor_type = arena.array(tensors)

    proto.n_type = 1
    let types: [UnsafeMutablePointer<Onnx__TypeProto>?] = [arena.make(type)]
    proto.type = arena.array(types)
    return arena.make(proto)
  }

  private func message(_ dimension: Dimension) -> UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>? {
    var proto = Onnx__TensorShapeProto__Dimension()
    onnx__tensor_shape_proto__dimension__init(&proto)
    switch dimension {
    case .fixed(let extent):
      proto.has_dim_value = 1
      proto.dim_value = Int64(extent)
    case .symbol(let name):
      proto.has_dim_param = 1
      proto.dim_param = arena.data(name)
    }
    return arena.make(proto)
  }

  /// The declared types and shapes of the outputs, or else those given by the operators' shape rules.
  ///
  /// Symbolic dimensions are found by shape inference with the symbols bound to two different sizes.
  private func outputDeclarations() throws(GraphError) -> [Declaration] {
    let known = graph.outputs.compactMap { graph.values[$0].declaration }
    if known.count == graph.outputs.count { return known }
    var symbols: Set<ExactText> = []
    for id in graph.inputs {
      for case .symbol(let name) in graph.values[id].declaration?.dimensions ?? [] {
        symbols.insert(ExactText(name))
      }
    }
    let first = try graph.inferEarly(graph.planningShapes(others: 1)).facts
    let second = symbols.isEmpty ? first : try graph.inferEarly(graph.planningShapes(others: 2)).facts
    var declarations: [Declaration] = []
    for id in graph.outputs {
      if let declaration = graph.values[id].declaration {
        declarations.append(declaration)
        continue
      }
      guard let one = first[id], let two = second[id], one.shape.rank == two.shape.rank else {
        throw .undefinedOutput(graph.values[id].name)
      }
      var dimensions: [Dimension] = []
      for (axis, extent) in one.shape.extents.enumerated() {
        if extent == two.shape[axis] {
          dimensions.append(.fixed(extent))
        } else if let symbol = symbols.first, symbols.count == 1, extent == 1, two.shape[axis] == 2 {
          dimensions.append(.symbol(symbol.text))
        } else {
          dimensions.append(.symbol("\(names[id])_axis_\(axis)"))
        }
      }
      declarations.append(Declaration(one.type, dimensions))
    }
    return declarations
  }
}
