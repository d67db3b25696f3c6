import ModelGraph
import ONNXSchema
import Platform
import Text

/// A parsed model: protobuf-c's message, freed with its last reference.
final class ParsedModel {
  /// The message, without the initialisers' raw_data, which stay in `source`.
  let pointer: UnsafeMutablePointer<Onnx__ModelProto>
  let source: ModelSource

  init(_ bytes: ModelBytes, _ limits: Limits) throws(GraphError) {
    source = try ModelSource(bytes, limits)
    let skeleton = try source.skeleton()
    var budget = onnx_budget(left: limits.parseBudget(skeleton.count), exhausted: 0)
    let parsed = skeleton.withUnsafeBufferPointer { onnx_unpack_model($0.baseAddress, $0.count, &budget) }
    guard let parsed else {
      if budget.exhausted != 0 { throw ParsedModel.tooMuch(source.size) }
      throw source.problem()
    }
    pointer = parsed
  }

  deinit { onnx_free_model(pointer) }

  static func tooMuch(_ fileBytes: Int) -> GraphError {
    GraphError(.overLimit, "needs far more memory than a well-made file of \(fileBytes) bytes")
  }
}

/// A parsed tensor file.
final class ParsedTensor {
  let pointer: UnsafeMutablePointer<Onnx__TensorProto>

  init(_ path: String, _ limits: Limits) throws(GraphError) {
    let file = try FileBytes(path, limits)
    var budget = onnx_budget(left: limits.parseBudget(file.count), exhausted: 0)
    guard let pointer = onnx_unpack_tensor(file.base, file.count, &budget) else {
      if budget.exhausted != 0 { throw ParsedModel.tooMuch(file.count) }
      throw GraphError(.damaged, "is not an ONNX tensor file, or is incomplete")
    }
    self.pointer = pointer
  }

  deinit { onnx_free_tensor(pointer) }
}

/// A whole file in memory.
private struct FileBytes: ~Copyable {
  let base: UnsafePointer<UInt8>
  let count: Int

  init(_ path: String, _ limits: Limits) throws(GraphError) {
    var memory: UnsafeMutableRawPointer?
    var count = 0
    let status = path.withPath { platform_read_file($0, limits.fileBytes, &memory, &count) }
    switch status {
    case 0: break
    case PLATFORM_NOT_A_FILE: throw GraphError(.unreadable, "is not a file")
    case PLATFORM_TOO_LARGE: throw GraphError(.overLimit, "is larger than \(limits.fileBytes) bytes")
    default: throw GraphError(.unreadable, "cannot be read: \(String(cString: platform_error_text(status)))")
    }
    guard let memory else { throw GraphError(.unreadable, "cannot be read") }
    guard count > 0 else {
      platform_free(memory)
      throw GraphError(.empty, "is empty")
    }
    base = UnsafePointer(memory.assumingMemoryBound(to: UInt8.self))
    self.count = count
  }

  deinit { platform_free(UnsafeMutableRawPointer(mutating: base)) }
}

extension Limits {
  func parseBudget(_ fileBytes: Int) -> Int {
    min(
      Limits.budget(fileBytes, factor: max(parseFactor, 0), base: max(parseBase, 0)),
      Limits.budget(fileBytes, factor: 20, base: 8 << 20))
  }

  private static func budget(_ fileBytes: Int, factor: Int, base: Int) -> Int {
    let (scaled, overflow) = fileBytes.multipliedReportingOverflow(by: factor)
    if overflow { return Int.max }
    let (sum, isTooLarge) = scaled.addingReportingOverflow(base)
    return isTooLarge ? Int.max : sum
  }
}

extension ProtobufCBinaryData {
  /// The bytes as text. Invalid UTF-8 is encoded as in `PathText`, so that it can be written back unchanged. Throws
  /// E105 beyond `limit` bytes.
  func text(_ what: @autoclosure () -> String, limit: Int) throws(GraphError) -> String {
    if len > limit { throw tooLong(what(), limit: limit) }
    return text
  }

  @inline(never)
  private func tooLong(_ what: String, limit: Int) -> GraphError {
    GraphError(.overLimit, "\(what) is \(len) bytes long, the limit is \(limit)")
  }

  /// The bytes as text, without a limit.
  @inline(never)
  var text: String { PathText.text(UnsafeBufferPointer(start: data, count: len)) }
}
