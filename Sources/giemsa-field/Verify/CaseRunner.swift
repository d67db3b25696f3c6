import Imaging
import Inference
import ModelGraph
import ONNXFormat
import Passes
import Text

/// Runs cases of stored inputs and outputs through one model.
final class CaseRunner {
  private let graph: Graph
  private let reference: Bool
  private let options: EngineOptions
  private let tolerance: Tolerance
  /// The engine for the shapes of the last case.
  private var planned: (shapes: [Shape], engine: Engine)?

  init(_ graph: Graph, reference: Bool, options: EngineOptions, tolerance: Tolerance) {
    self.graph = graph
    self.reference = reference
    self.options = options
    self.tolerance = tolerance
  }

  /// `folder` itself, or where it has no case the folders in it that have one: test_data_set_0, case_0, ….
  static func cases(in folder: String) -> [String] {
    if hasCase(folder) { return [folder] }
    guard let listing = try? FolderListing(folder) else { return [folder] }
    let cases = listing.entries.filter { $0.isFolder && hasCase($0.path) }.map { $0.path }
    return cases.isEmpty ? [folder] : cases
  }

  /// A model without inputs has outputs only.
  private static func hasCase(_ folder: String) -> Bool {
    FileKind("\(folder)/input_0.pb").exists || FileKind("\(folder)/output_0.pb").exists
  }

  /// Prints a line for each output. Throws what keeps the case from being run at all.
  func run(_ directory: String) throws(GraphError) -> Bool {
    let inputs = try tensors(directory, "input", graph.inputs.count)
    let expected = try tensors(directory, "output", graph.outputs.count)
    let found = try results(inputs)
    guard found.count == expected.count else {
      throw GraphError(.noOutput, "the model gave \(found.count) outputs; the case has \(expected.count)")
    }
    var agrees = true
    for (index, id) in graph.outputs.enumerated() {
      let comparison = Comparison(found[index], expected[index], tolerance)
      Console.out("\(directory): \(graph.values[id].name): \(comparison.text)".printable)
      if !comparison.agrees { agrees = false }
    }
    return agrees
  }

  private func results(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    try checkInputs(inputs)
    let shapes = inputs.map { $0.shape }
    if reference {
      let bytes = graph.peakActivationBytes(try graph.infer(shapes))
      try options.limits.admit(bytes: bytes, batch: shapes.first?.extents.first ?? 1, weightBytes: graph.constantBytes)
      return try graph.evaluate(inputs)
    }
    if let planned, planned.shapes == shapes { return try planned.engine.run(inputs) }
    do {
      let engine = try engine(graph, shapes)
      planned = (shapes, engine)
      return try engine.run(inputs)
    } catch {
      guard error.code == .notConstant else { throw error }
    }
    // A shape hangs on an input's value (Reshape's `shape` fed from outside): plan for this case's values.
    var bound = graph
    var fed: [Tensor] = []
    bound.inputs = []
    for (id, input) in zip(graph.inputs, inputs) {
      if input.ints != nil, input.shape.rank <= 1 {
        bound.values[id].constant = input
      } else {
        bound.inputs.append(id)
        fed.append(input)
      }
    }
    return try engine(bound, fed.map { $0.shape }).run(fed)
  }

  private func engine(_ graph: Graph, _ shapes: [Shape]) throws(GraphError) -> Engine {
    var optimized = graph
    _ = try PassPipeline.optimize(&optimized, limits: options.limits)
    return try Engine(optimized, inputShapes: shapes, options: options)
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
        throw GraphError(.badInput, "input '\(name)' is \(input.shape) here, \(declaration.text) in the model")
      }
    }
  }

  private func tensors(_ directory: String, _ kind: String, _ count: Int) throws(GraphError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in 0..<count {
      let name = "\(kind)_\(index).pb"
      do {
        tensors.append(try ONNXFile.readTensor("\(directory)/\(name)", limits: options.limits).tensor)
      } catch {
        throw error.at(name)
      }
    }
    return tensors
  }
}

extension Declaration {
  /// `[N, 3, 224, 224]`
  fileprivate var text: String {
    var text = "["
    for (index, dimension) in dimensions.enumerated() { text += (index > 0 ? ", " : "") + dimension.text }
    return text + "]"
  }
}
