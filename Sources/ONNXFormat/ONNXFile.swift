import ModelGraph
import ONNXSchema
import Platform
import Text

/// Reads and writes ONNX files.
public enum ONNXFile {
  /// Reads the graph of an ONNX file, with its operators converted to opset ``Graph/opset``.
  ///
  /// Throws the first problem, E1xx for the file and E2xx for the graph. External data is read from the file's folder.
  public static func read(_ path: String, limits: Limits = .standard) throws(GraphError) -> Graph {
    let examination = examine(path, limits: limits)
    if let problem = examination.problems.first { throw problem }
    guard let graph = examination.graph else { throw GraphError(.noGraph, "holds no graph") }
    return graph
  }

  /// Reads the graph, but leaves large initialisers in the file until they are accessed, so that a planner can pack one
  /// at a time. Call `weights.check()` afterwards.
  public static func open(
    _ path: String, limits: Limits = .standard
  ) throws(GraphError) -> (graph: Graph, weights: DeferredBytes) {
    try open(try ModelBytes(opening: path, limits: limits), limits: limits)
  }

  /// The same for bytes that may be read more than once.
  public static func open(
    _ bytes: ModelBytes, limits: Limits = .standard
  ) throws(GraphError) -> (graph: Graph, weights: DeferredBytes) {
    let (reader, source) = try readSound(bytes, limits)
    return (reader.graph, source.deferred)
  }

  /// Throws the model's first problem.
  private static func readSound(
    _ bytes: ModelBytes, _ limits: Limits
  ) throws(GraphError) -> (ModelReader, ModelSource) {
    let reader = ModelReader(bytes, limits, defersWeights: true)
    try bytes.checkUnchanged()
    let model = try ParsedModel(bytes, limits)
    try withExtendedLifetime(model) { () throws(GraphError) in try reader.read(model.pointer.pointee, model.source) }
    if let problem = reader.problems.list.first { throw problem.error }
    return (reader, model.source)
  }

  /// Hashes of the files beside a model that hold its external data. Throws the model's first problem.
  public static func dataFiles(
    of path: String, limits: Limits = .standard
  ) throws(GraphError) -> [ModelSignature.DataFile] {
    try readSound(try ModelBytes(opening: path, limits: limits), limits).0.external.hashes()
  }

  /// The readable part of a file, and all its problems.
  public struct Examination: Sendable {
    /// nil if the file could not be parsed; otherwise its valid part.
    public let graph: Graph?
    public let located: [Problem]
    /// Number of problems beyond ``Limits/findings``.
    public let moreProblems: Int
    /// Warnings (W3xx) about what was corrected while reading.
    public let warnings: [GraphError]
    /// Values of `graph` without a producer because of one of the problems.
    public let unknown: Set<Graph.ValueID>
    /// Of the ONNX domain; nil if the file does not say.
    public let opset: Int?
    /// Bytes of the file, and of the external data that were read.
    public let byteCount: Int

    public var problems: [GraphError] { located.map { $0.error } }

    fileprivate init(_ reader: ModelReader, _ bytes: ModelBytes, graph: Graph?, thrown: GraphError? = nil) {
      self.graph = graph
      located = reader.problems.list + (thrown.map { [Problem(error: $0, node: nil, value: nil)] } ?? [])
      moreProblems = reader.problems.more
      warnings = reader.warnings
      unknown = graph == nil ? [] : reader.unknown
      opset = reader.opset.map { Int($0) }
      byteCount = bytes.byteCount + reader.externalByteCount
    }

    /// Of a file that cannot be opened.
    fileprivate init(_ error: GraphError) {
      graph = nil
      located = [Problem(error: error, node: nil, value: nil)]
      (moreProblems, warnings, unknown, opset, byteCount) = (0, [], [], nil, 0)
    }
  }

  /// Reads a file and records every problem, for `validate`.
  public static func examine(_ path: String, limits: Limits = .standard) -> Examination {
    do {
      return examine(try ModelBytes(opening: path, limits: limits), limits: limits)
    } catch {
      return Examination(error)
    }
  }

  /// The same for bytes.
  public static func examine(_ bytes: ModelBytes, limits: Limits = .standard) -> Examination {
    let reader = ModelReader(bytes, limits)
    do {
      let model = try ParsedModel(bytes, limits)
      try withExtendedLifetime(model) { () throws(GraphError) in try reader.read(model.pointer.pointee, model.source) }
      return Examination(reader, bytes, graph: reader.graph)
    } catch {
      return Examination(reader, bytes, graph: nil, thrown: error)
    }
  }

  /// Size of the file that ``write(_:to:)`` would write, including all data.
  public static func size(of graph: Graph) throws(GraphError) -> Int {
    let writer = ModelWriter(graph.withOldSoftmaxSpelledOut().withOldNormalizationSpelledOut())
    let model = try writer.model()
    return withExtendedLifetime(writer) { onnx_model_size(model) }
  }

  /// Writes the graph atomically: to a temporary file in the same folder, which is then renamed.
  ///
  /// Constants that no node reads are left out. Throws E101 if the file cannot be written, E105 beyond 2 GiB.
  public static func write(_ graph: Graph, to path: String) throws(GraphError) {
    let writer = ModelWriter(graph.withOldSoftmaxSpelledOut().withOldNormalizationSpelledOut())
    let model = try writer.model()
    try writer.check(onnx_model_size(model))
    try replaceFile(path) { file in onnx_write_model(model, file) }
    withExtendedLifetime(writer) {}
  }

  /// Writes the graph for an opset, atomically, unless `check` throws: it is given a path from which what was written can
  /// be read before the file gets its name.
  ///
  /// Throws E107 for an opset that is not written, or that cannot say what a node does.
  public static func write(
    _ graph: Graph, to path: String, opset: Int, check: (_ written: String) throws(GraphError) -> Void
  ) throws(GraphError) {
    let modern = opset < 13 ? graph : graph.withOldSoftmaxSpelledOut()
    let writer = ModelWriter(modern.withOldNormalizationSpelledOut(), opset: opset)
    let model = try writer.model()
    try writer.check(onnx_model_size(model))
    var file: Int32 = -1
    var error = path.withPath { platform_replace_begin($0, &file) }
    if error == 0 {
      error = onnx_write_model(model, file)
      do throws(GraphError) {
        if error == 0 { try check("/proc/self/fd/\(file)") }
      } catch {
        platform_replace_abandon(file)
        throw error
      }
      if error == 0 { error = platform_replace_commit(file, 0) } else { platform_replace_abandon(file) }
    }
    withExtendedLifetime(writer) {}
    guard error == 0 else {
      throw GraphError(.unreadable, "\(path) cannot be written: \(String(cString: platform_error_text(error)))")
    }
  }

  /// Reads a test data file of ONNX (`input_0.pb`): one TensorProto.
  public static func readTensor(_ path: String, limits: Limits = .standard) throws(GraphError) -> (
    name: String, tensor: Tensor
  ) {
    let parsed = try ParsedTensor(path, limits)
    // A SequenceProto or OptionalProto has its tensor in the field of TensorProto's segment, and no element type.
    guard parsed.pointer.pointee.n_segment == 0, parsed.pointer.pointee.has_data_type != 0 else {
      throw GraphError(.unsupportedType, "does not hold a tensor (a sequence or optional?)")
    }
    let name = try parsed.pointer.pointee.name.text("name", limit: limits.nameBytes)
    let tensor = try TensorReader(limits: limits, external: nil).tensor(parsed.pointer, "tensor '\(name)'")
    withExtendedLifetime(parsed) {}
    return (name, tensor)
  }

  /// Writes a test data file of ONNX.
  public static func writeTensor(_ tensor: Tensor, name: String, to path: String) throws(GraphError) {
    let arena = MessageArena()
    let message = arena.tensor(tensor, name: name)
    try replaceFile(path) { file in onnx_write_tensor(message, file) }
    withExtendedLifetime((arena, tensor)) {}
  }

  /// Writes a file atomically; `body` writes to the open file and returns 0 or errno.
  private static func replaceFile(_ path: String, _ body: (Int32) -> Int32) throws(GraphError) {
    var file: Int32 = -1
    var error = path.withPath { platform_replace_begin($0, &file) }
    if error == 0 {
      error = body(file)
      if error == 0 { error = platform_replace_commit(file, 0) } else { platform_replace_abandon(file) }
    }
    guard error == 0 else {
      throw GraphError(.unreadable, "cannot be written: \(String(cString: platform_error_text(error)))")
    }
  }
}
