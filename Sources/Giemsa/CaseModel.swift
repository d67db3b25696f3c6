import Inference
import ModelGraph
import ONNXFormat
import Passes
import Text

/// A model that is run on stored inputs of any shapes, by the engine or by the operators' plain definitions: what
/// `giemsa-field verify` compares with stored outputs.
package final class CaseModel {
  private let graph: Graph
  private let isReference: Bool
  private let options: Model.Options
  /// Planned for the shapes of the last case.
  private var session: Session?

  package var inputCount: Int { graph.inputs.count }
  package var outputNames: [String] { graph.outputs.map { graph.values[$0].name } }

  /// - Parameter isReference: by the plain definitions.
  package convenience init(contentsOf path: String, isReference: Bool, options: Model.Options) throws(GraphError) {
    self.init(try ONNXFile.read(path, limits: options.limits), isReference: isReference, options)
  }

  package convenience init(_ model: ReadModel, options: Model.Options) {
    self.init(model.graph, isReference: false, options)
  }

  private init(_ graph: Graph, isReference: Bool, _ options: Model.Options) {
    self.graph = graph
    self.isReference = isReference
    self.options = options
  }

  /// Input of those shapes: floats from -√3 to √3, of mean 0 and variance 1, and zeros for other types.
  package func randomInputs(seed: UInt64) throws(GraphError) -> [Tensor] {
    var inputs: [Tensor] = []
    var state = seed | 1
    for (id, shape) in zip(graph.inputs, graph.planningShapes()) {
      let type = graph.values[id].declaration?.type ?? .float32
      var tensor = try Tensor(zeros: shape, type: type.isFloat ? .float32 : type)
      if type.isFloat {
        tensor.withMutableElements(Float.self) { elements in
          for index in elements.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            elements[index] = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31 * 1.7320508
          }
        }
        tensor = try tensor.converted(to: type)
      }
      inputs.append(tensor)
    }
    return inputs
  }

  /// A tensor for each output. Throws E213 for inputs that are not as the model declares them.
  package func run(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    try checkInputs(inputs)
    let shapes = inputs.map { $0.shape }
    if isReference {
      let (batch, weightBytes) = (shapes.first?.extents.first ?? 1, graph.constantBytes)
      try options.limits.admit(
        bytes: graph.peakActivationBytes(try graph.inferEarly(shapes).facts), batch: batch, weightBytes: weightBytes)
      return try graph.evaluate(
        inputs, mostBytes: options.limits.room(batch: batch, weightBytes: weightBytes))
    }
    if let session, session.inputShapes == shapes { return try session.run(inputs) }
    if try !graph.inferEarly(shapes).isLate.contains(true) {
      let session = try makeSession(graph, shapes)
      self.session = session
      return try session.run(inputs)
    }
    // A shape depends on an input's value (Reshape's `shape` fed from outside): plan for this case's values. What is late
    // all the same runs so.
    var bound = graph
    var fed: [Tensor] = []
    bound.inputs = []
    for (id, input) in zip(graph.inputs, inputs) {
      if input.shape.rank <= 1, input.count <= 64 {
        bound.values[id].constant = input
      } else {
        bound.inputs.append(id)
        fed.append(input)
      }
    }
    return try makeSession(bound, fed.map { $0.shape }).run(fed)
  }

  private func makeSession(_ graph: Graph, _ shapes: [Shape]) throws(GraphError) -> Session {
    try Model(graph: graph, inputShapes: shapes, options: options).makeSession(plannedFor: shapes)
  }

  private func checkInputs(_ inputs: [Tensor]) throws(GraphError) {
    for (id, input) in zip(graph.inputs, inputs) {
      guard let declaration = graph.values[id].declaration else { continue }
      let name = graph.values[id].name
      guard declaration.type == input.type else {
        throw GraphError(.badInput, "input '\(name)' is \(input.type.name) here, \(declaration.type.name) in the model")
      }
      let wanted = declaration.dimensions
      let fits = zip(wanted, input.shape.extents).allSatisfy { dimension, extent in
        if case .fixed(let fixed) = dimension { return fixed == extent }
        return true
      }
      guard wanted.count == input.shape.rank, fits else {
        throw GraphError(.badInput, "input '\(name)' is \(input.shape) here, \(wanted.text) in the model")
      }
    }
  }
}

extension Tensor {
  /// Reads a file of ONNX's test data (`input_0.pb`).
  package init(storedIn path: String, limits: Limits) throws(GraphError) {
    self = try ONNXFile.readTensor(path, limits: limits).tensor
  }
}

extension [Dimension] {
  /// `[N, 3, 224, 224]`
  package var text: String {
    var text = "["
    for (index, dimension) in enumerated() { text += (index > 0 ? ", " : "") + dimension.text }
    return text + "]"
  }
}
