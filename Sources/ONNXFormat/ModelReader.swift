import ModelGraph
import ONNXSchema
import Text

/// ModelProto → ``Graph``. Records every problem and continues instead of stopping at the first.
///
/// The result has no string attributes and no unchecked indices; later stages can trust it.
final class ModelReader {
  private let limits: Limits
  let external: ExternalData
  private let tensors: TensorReader
  private let attributes: AttributeDecoder

  private(set) var graph = Graph(name: "")
  private(set) var problems: Problems
  /// Warnings (W3xx) about what was corrected while reading.
  private(set) var warnings: [GraphError] = []
  /// Values without a producer because of a reported problem; their readers are not reported.
  private(set) var unknown: Set<Graph.ValueID> = []

  /// Of a branch of If.
  private let surroundings: Surroundings?
  private let depth: Int
  private let room: GraphRoom
  private var ids: [ExactText: Graph.ValueID] = [:]
  private(set) var opset: Int64?
  private var microsoftOpset: Int64?
  private var symbols = 0
  private var oldBroadcast = OldBroadcast()
  private var isOutput: Set<Graph.ValueID> = []
  /// In a branch: the values that stand for those of ``Surroundings/captured``, by their position.
  private var capturedHere: [Int: Graph.ValueID] = [:]

  init(_ bytes: ModelBytes, _ limits: Limits, defersWeights: Bool = false) {
    self.limits = limits
    problems = Problems(limits)
    let external = ExternalData(besides: bytes, limits: limits)
    self.external = external
    tensors = TensorReader(limits: limits, external: external, defersBlobs: defersWeights)
    attributes = AttributeDecoder(limits: limits, tensors: tensors)
    surroundings = nil
    depth = 0
    room = GraphRoom(limits, fileBytes: bytes.byteCount, external)
  }

  /// The reader of a branch.
  private init(_ surroundings: Surroundings) {
    let outer = surroundings.reader
    (limits, external) = (outer.limits, outer.external)
    // A branch's bytes go with the node that it is in.
    tensors = TensorReader(limits: outer.limits, external: outer.external)
    (attributes, room) = (outer.attributes, outer.room)
    (opset, microsoftOpset) = (outer.opset, outer.microsoftOpset)
    problems = Problems(outer.limits)
    self.surroundings = surroundings
    depth = outer.depth + 1
  }

  /// Bytes of external data that were read.
  var externalByteCount: Int { external.bytesRead }

  /// Throws only errors that make the rest meaningless: no graph, an unknown version, a limit.
  func read(_ model: borrowing Onnx__ModelProto, _ source: ModelSource) throws(GraphError) {
    try readVersions(model)
    guard let graph = model.graph?[0], model.n_graph > 0 else { throw GraphError(.noGraph, "holds no graph") }
    guard source.graphCount == 1 else { throw GraphError(.damaged, "holds \(source.graphCount) graphs instead of one") }
    if model.n_functions > 0 {
      problems.append(
        GraphError(
          .functions, "defines \(model.n_functions) functions, which are not supported; export it with them inlined"))
    }
    try readMetadata(model)
    try read(graph.pointee, source)
  }

  // MARK: The file

  private func readVersions(_ model: borrowing Onnx__ModelProto) throws(GraphError) {
    if model.has_ir_version == 0, model.n_graph == 0 { throw GraphError(.notONNX, "is not an ONNX file") }
    guard Versions.readIR.contains(model.ir_version) else {
      throw GraphError(
        .irVersion,
        "has IR version \(model.ir_version); versions \(Versions.readIR.lowerBound) to \(Versions.readIR.upperBound) are read"
      )
    }
    guard model.n_opset_import <= limits.metadataEntries else {
      throw GraphError(.overLimit, "imports \(model.n_opset_import) operator sets")
    }
    for case let entry? in UnsafeBufferPointer(start: model.opset_import, count: model.n_opset_import) {
      let name = try entry.pointee.domain.text("domain", limit: limits.nameBytes)
      guard let domain = OperatorDomain(name: name) else { continue }  // an error only if a node uses it
      let version = entry.pointee.version
      let known = domain == .onnx ? opset : microsoftOpset
      guard known == nil || known == version else {
        throw GraphError(.opset, "imports two versions of the operator set '\(name)'")
      }
      if domain == .onnx { opset = version } else { microsoftOpset = version }
    }
    if let opset, !Versions.readOpsets.contains(opset) {
      let range = Versions.readOpsets
      throw GraphError(
        .opset,
        "is of opset \(opset); opsets \(range.lowerBound) to \(range.upperBound) are read. Export it for opset 21")
    }
  }

  private func readMetadata(_ model: borrowing Onnx__ModelProto) throws(GraphError) {
    try check(model.n_metadata_props, limits.metadataEntries, "metadata entries")
    for case let entry? in UnsafeBufferPointer(start: model.metadata_props, count: model.n_metadata_props) {
      let key = try entry.pointee.key.text("metadata key", limit: limits.nameBytes)
      graph.metadata.append((key, try entry.pointee.value.text("metadata '\(key)'", limit: limits.textBytes)))
    }
  }

  // MARK: The graph

  /// - Parameter source: has the nodes and initialisers.
  private func read(_ proto: borrowing Onnx__GraphProto, _ source: ModelSource) throws(GraphError) {
    try room.begin(nodes: source.nodeCount)
    try check(proto.n_input, limits.graphInputs, "inputs")
    try check(proto.n_output, limits.graphInputs, "outputs")
    let valueCount = source.nodeCount + source.initialiserCount + proto.n_input
    graph.nodes.reserveCapacity(source.nodeCount)
    graph.values.reserveCapacity(valueCount)
    ids.reserveCapacity(valueCount)
    graph.name = try proto.name.text("graph name", limit: limits.nameBytes)
    if proto.n_sparse_initializer > 0 {
      problems.append(
        GraphError(.sparse, "has \(proto.n_sparse_initializer) sparse initialisers, which are not supported"))
    }
    for index in 0..<source.initialiserCount {
      try source.withInitialiser(index) { (entry, blob) throws(GraphError) in
        try room.addInitialiser(axes: entry.pointee.n_dims)
        try readInitialiser(entry, blob.map { (source, $0) })
      }
    }
    let order = try NodeOrder(source, limits, room)
    for case let entry? in UnsafeBufferPointer(start: proto.input, count: proto.n_input) {
      try readInput(entry.pointee)
    }
    try readNodes(source, order)
    for problem in oldBroadcast.spellOut(in: &graph) { problems.append(problem) }
    for case let entry? in UnsafeBufferPointer(start: proto.output, count: proto.n_output) {
      try readOutput(entry.pointee)
    }
    if proto.n_output == 0 { problems.append(GraphError(.noOutput, "the graph has no outputs")) }
  }

  private func readInitialiser(
    _ proto: UnsafeMutablePointer<Onnx__TensorProto>, _ blob: TensorReader.Blob?
  ) throws(GraphError) {
    let name = try proto.pointee.name.text("initialiser name", limit: limits.nameBytes)
    guard !name.isEmpty else {
      problems.append(GraphError(.badInput, "an initialiser has no name"))
      return
    }
    let tensor = collect(name) { () throws(GraphError) in try tensors.tensor(proto, "initialiser '\(name)'", blob) }
    guard let id = define(name, "initialiser '\(name)'") else { return }
    graph.values[id].constant = tensor
    if tensor == nil { unknown.insert(id) }
  }

  private func readInput(_ proto: Onnx__ValueInfoProto) throws(GraphError) {
    let name = try proto.name.text("input name", limit: limits.nameBytes)
    guard !name.isEmpty else {
      problems.append(GraphError(.badInput, "a graph input has no name"))
      return
    }
    // Before IR version 4 every initialiser had to be listed as an input too; it is still a constant.
    if let id = ids[ExactText(name)], graph.values[id].constant != nil || unknown.contains(id) { return }
    guard let id = define(name, "input '\(name)'") else { return }
    graph.inputs.append(id)
    graph.values[id].declaration = collect(name) { () throws(GraphError) in
      guard let declaration = try declaration(proto, "input '\(name)'") else {
        throw GraphError(.badInput, "input '\(name)' does not say its type and shape")
      }
      return declaration
    }
    if graph.values[id].declaration == nil { unknown.insert(id) }
  }

  private func readOutput(_ proto: Onnx__ValueInfoProto) throws(GraphError) {
    let name = try proto.name.text("output name", limit: limits.nameBytes)
    guard let id = value(name) else {
      problems.append(.undefinedOutput(name), value: name)
      let id = graph.addValue(name)
      unknown.insert(id)
      graph.outputs.append(id)
      return
    }
    if !isOutput.insert(id).inserted {
      problems.append(GraphError(.definedTwice, "output '\(name)' is listed twice"), value: name)
    }
    graph.outputs.append(id)
    let declared = collect(name) { () throws(GraphError) in try declaration(proto, "output '\(name)'") }
    if let declared = declared ?? nil, graph.values[id].declaration == nil { graph.values[id].declaration = declared }
  }

  /// The declared type and shape; nil if the file declares none.
  private func declaration(_ proto: Onnx__ValueInfoProto, _ place: String) throws(GraphError) -> Declaration? {
    guard proto.n_type > 0, let type = proto.type?[0] else { return nil }
    guard proto.n_type == 1 else { throw GraphError(.damaged, "\(place) has \(proto.n_type) types") }
    let what = type.pointee
    guard
      what.n_sequence_type + what.n_map_type + what.n_optional_type + what.n_sparse_tensor_type + what.n_opaque_type
        == 0
    else { throw GraphError(.unsupportedType, "\(place) is not a plain tensor (sequence, map, optional or sparse)") }
    guard what.n_tensor_type > 0, let tensor = what.tensor_type?[0] else { return nil }
    guard what.n_tensor_type == 1 else { throw GraphError(.damaged, "\(place) has \(what.n_tensor_type) types") }
    guard let element = TensorDataType.elementType(tensor.pointee.elem_type) else {
      let name = TensorDataType.name(tensor.pointee.elem_type)
      throw GraphError(.unsupportedType, "\(place) has element type \(name), which is not supported")
    }
    guard tensor.pointee.n_shape > 0, let shape = tensor.pointee.shape?[0] else { return nil }
    guard tensor.pointee.n_shape == 1 else {
      throw GraphError(.damaged, "\(place) has \(tensor.pointee.n_shape) shapes")
    }
    guard shape.pointee.n_dim <= limits.rank else {
      throw GraphError(.overLimit, "\(place) has \(shape.pointee.n_dim) axes; the limit is \(limits.rank)")
    }
    var dimensions: [Dimension] = []
    for case let entry? in UnsafeBufferPointer(start: shape.pointee.dim, count: shape.pointee.n_dim) {
      dimensions.append(try dimension(entry.pointee, place))
    }
    // The fixed dimensions alone must already give a valid size.
    _ = try Declaration(element, dimensions).shape().checked()
    return Declaration(element, dimensions)
  }

  private func dimension(_ proto: Onnx__TensorShapeProto__Dimension, _ place: String) throws(GraphError) -> Dimension {
    if proto.dim_param.len > 0 {
      return .symbol(try proto.dim_param.text("\(place): dimension name", limit: limits.nameBytes))
    }
    // Some exporters write -1 for "unknown".
    if proto.has_dim_value != 0, proto.dim_value >= 0 { return .fixed(Int(proto.dim_value)) }
    symbols += 1
    return .symbol("unnamed_\(symbols)")
  }

  // MARK: Nodes

  private func readNodes(_ source: ModelSource, _ order: NodeOrder) throws(GraphError) {
    if let warning = order.warning() { warnings.append(warning) }
    for index in order.indices {
      try source.withNode(index) { (proto) throws(GraphError) in try readNode(proto, index, order, source) }
    }
  }

  private func readNode(
    _ proto: Onnx__NodeProto, _ index: Int, _ order: NodeOrder, _ source: ModelSource
  ) throws(GraphError) {
    let kind = try proto.op_type.text("operator name", limit: limits.nameBytes)
    var name = try proto.name.text("node name", limit: limits.nameBytes)
    let position = name.isEmpty ? index : nil
    let place = Graph.Node.place(name, kind, position: position)
    if name.isEmpty { name = "\(kind)_\(index)" }

    var inputs = try readInputs(proto, index, order, place, name)
    var operation: Operator?
    do throws(GraphError) {
      let reader = try attributeReader(proto, kind, source)
      let found = try Operator(kind, domain: reader.domain, reader.attributes)
      for index in reader.attributes.insertedInputs where index < inputs.count { inputs.insert(nil, at: index) }
      try add(reader.attributes.addedInputs, to: &inputs, name)
      oldBroadcast.add(reader.attributes.alignedInputs, of: graph.nodes.count)
      for id in reader.captured { inputs.append(id) }
      operation = found
    } catch {
      problems.append(error.at(place), node: name)
    }
    var outputs: [Graph.ValueID?] = []
    for data in UnsafeBufferPointer(start: proto.output, count: proto.n_output) {
      let output = try data.text("\(place): output name", limit: limits.nameBytes)
      guard !output.isEmpty else {
        outputs.append(nil)
        continue
      }
      let id = define(output, "\(place): output '\(output)'", node: name)
      if operation == nil, let id { unknown.insert(id) }
      outputs.append(id)
    }
    guard let operation else { return }
    var node = Graph.Node(name, operation, inputs: inputs, outputs: outputs)
    node.position = position
    graph.nodes.append(node)
  }

  private func readInputs(
    _ proto: Onnx__NodeProto, _ index: Int, _ order: NodeOrder, _ place: String, _ node: String
  ) throws(GraphError) -> [Graph.ValueID?] {
    try check(proto.n_input, limits.nodeInputs, "inputs of \(place)")
    try check(proto.n_output, limits.nodeInputs, "outputs of \(place)")
    var inputs: [Graph.ValueID?] = []
    for data in UnsafeBufferPointer(start: proto.input, count: proto.n_input) {
      let input = try data.text("\(place): input name", limit: limits.nameBytes)
      if input.isEmpty {
        inputs.append(nil)
      } else if let id = value(input) {
        inputs.append(id)
      } else {
        problems.append(order.problem(of: input, at: index).at(place), node: node, value: input)
        // A placeholder for the value, so that the rest of the node can still be checked.
        let id = graph.addValue(input)
        unknown.insert(id)
        inputs.append(id)
      }
    }
    while case .some(nil) = inputs.last { inputs.removeLast() }
    return inputs
  }

  private func attributeReader(
    _ proto: Onnx__NodeProto, _ kind: String, _ source: ModelSource
  ) throws(GraphError) -> (domain: OperatorDomain, attributes: AttributeReader, captured: [Graph.ValueID]) {
    let domainName = try proto.domain.text("domain", limit: limits.nameBytes)
    guard let domain = OperatorDomain(name: domainName) else {
      throw GraphError(.domain, "operators of domain '\(domainName)' are not supported")
    }
    guard let version = domain == .onnx ? opset : microsoftOpset else {
      throw GraphError(
        domain == .onnx ? .opset : .domain,
        "the file does not import the operator set '\(domain == .onnx ? "ai.onnx" : domainName)'; export it again")
    }
    try check(proto.n_attribute, limits.attributes, "attributes")
    let entries = UnsafeBufferPointer(start: proto.attribute, count: proto.n_attribute)
    let isBranching = kind == If.name && domain == .onnx
    let (list, captured) = isBranching ? try readBranches(entries, source) : (try readAttributes(entries), [])
    let reader = AttributeReader(
      kind, opset: Int(version), inputCount: Int(proto.n_input), outputCount: Int(proto.n_output), attributes: list)
    return (domain, reader, captured)
  }

  private func readAttributes(
    _ entries: UnsafeBufferPointer<UnsafeMutablePointer<Onnx__AttributeProto>?>
  ) throws(GraphError) -> [Attribute] {
    var list: [Attribute] = []
    for case let entry? in entries {
      let attribute = try attributes.attribute(entry.pointee)
      guard !list.contains(where: { $0.name.isExactly(attribute.name) }) else {
        throw GraphError(.badAttribute, "attribute '\(attribute.name)' is given twice")
      }
      list.append(attribute)
    }
    return list
  }

  /// Turns what older opsets give as an attribute into the constant input of the modern form.
  private func add(
    _ added: [(index: Int, tensor: Tensor)], to inputs: inout [Graph.ValueID?], _ node: String
  ) throws(GraphError) {
    for (index, tensor) in added {
      while inputs.count <= index { inputs.append(nil) }
      guard inputs[index] == nil else {
        throw GraphError(.badAttribute, "input \(index) is given both as an input and as an attribute")
      }
      // Not added to `ids`: no node of the file can refer to it.
      let id = graph.addFreshConstant("\(node)_input_\(index)", tensor)
      inputs[index] = id
    }
  }

  // MARK: Branches of If

  /// The branches of an If, and the values of this graph that they read.
  private func readBranches(
    _ entries: UnsafeBufferPointer<UnsafeMutablePointer<Onnx__AttributeProto>?>, _ source: ModelSource
  ) throws(GraphError) -> (attributes: [Attribute], captured: [Graph.ValueID]) {
    let surroundings = Surroundings(self)
    var branches: [(name: String, reader: ModelReader)] = []
    for case let entry? in entries {
      let name = try entry.pointee.name.text("attribute name", limit: limits.nameBytes)
      branches.append((name, try readBranch(entry.pointee, name, surroundings, source)))
    }
    return (
      branches.map { Attribute($0.name, .graph($0.reader.branch(reading: surroundings.captured.count))) },
      surroundings.captured
    )
  }

  private func readBranch(
    _ proto: Onnx__AttributeProto, _ name: String, _ surroundings: Surroundings, _ outer: ModelSource
  ) throws(GraphError) -> ModelReader {
    guard proto.n_g == 1, let bytes = proto.g?[0] else {
      throw GraphError(.badAttribute, "attribute '\(name)' holds \(proto.n_g) graphs, not one")
    }
    guard depth < limits.depth else {
      throw GraphError(.overLimit, "attribute '\(name)': branches lie in branches more than \(limits.depth) deep")
    }
    let source = try ModelSource(branch: bytes, of: outer)
    let graph = try source.parse(try source.graphSkeleton(), onnx_unpack_graph)
    defer { onnx_free_graph(graph) }
    let reader = ModelReader(surroundings)
    if graph.pointee.n_input > 0 {
      throw GraphError(.badAttribute, "attribute '\(name)' has \(graph.pointee.n_input) inputs; a branch has none")
    }
    try reader.read(graph.pointee, source)
    for problem in reader.problems.list {
      problems.append(problem.error.at("attribute '\(name)'"), node: problem.node, value: problem.value)
    }
    warnings += reader.warnings
    return reader
  }

  /// The branch, with an input for each value that it and its sibling read.
  private func branch(reading count: Int) -> Graph {
    var branch = graph
    for position in 0..<count { branch.inputs.append(capturedHere[position] ?? branch.addValue("")) }
    return branch
  }

  /// The value of that name, in a branch also one of the graph around it.
  private func value(_ name: String) -> Graph.ValueID? {
    if let id = ids[ExactText(name)] { return id }
    guard let surroundings, let outer = surroundings.reader.value(name) else { return nil }
    let id = graph.addValue(name)
    ids[ExactText(name)] = id
    capturedHere[surroundings.position(of: outer)] = id
    return id
  }

  // MARK: Helpers

  /// A new value; nil, with a problem recorded, if the name is already taken.
  private func define(_ name: String, _ place: @autoclosure () -> String, node: String? = nil) -> Graph.ValueID? {
    guard ids[ExactText(name)] == nil else {
      problems.append(
        GraphError(.definedTwice, "\(place()) is defined twice; names of values must be unique"), node: node,
        value: name)
      return nil
    }
    let id = graph.addValue(name)
    ids[ExactText(name)] = id
    return id
  }

  /// - Parameter value: the value that `body` reads.
  private func collect<Result>(_ value: String, _ body: () throws(GraphError) -> Result) -> Result? {
    do {
      return try body()
    } catch {
      problems.append(error, value: value)
      return nil
    }
  }

  private func check(_ count: Int, _ limit: Int, _ what: @autoclosure () -> String) throws(GraphError) {
    guard count <= limit else { throw GraphError(.overLimit, "\(count) \(what()); the limit is \(limit)") }
  }
}

/// What the two branches of an If share: the reader of the graph around them, and the values of it that they read.
private final class Surroundings {
  let reader: ModelReader
  private(set) var captured: [Graph.ValueID] = []
  private var positions: [Graph.ValueID: Int] = [:]

  init(_ reader: ModelReader) { self.reader = reader }

  func position(of id: Graph.ValueID) -> Int {
    if let known = positions[id] { return known }
    captured.append(id)
    positions[id] = captured.count - 1
    return captured.count - 1
  }
}
