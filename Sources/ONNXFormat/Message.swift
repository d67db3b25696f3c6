import ModelGraph
import ONNXSchema
import Platform
import Text

/// A parsed model: protobuf-c's message, freed with its last reference.
final class ParsedModel {
  /// The message, without what is parsed later: nodes and initialisers.
  let pointer: UnsafeMutablePointer<Onnx__ModelProto>
  let source: ModelSource

  init(_ bytes: ModelBytes, _ limits: Limits) throws(GraphError) {
    source = try ModelSource(bytes, limits)
    pointer = try source.parse(try source.skeleton(), onnx_unpack_model)
  }

  deinit { onnx_free_model(pointer) }
}

/// A parsed tensor file.
final class ParsedTensor {
  let pointer: UnsafeMutablePointer<Onnx__TensorProto>

  init(_ path: String, _ limits: Limits) throws(GraphError) {
    let file = try FileBytes(path, limits)
    var budget = onnx_budget(left: limits.parseBudget(file.count), exhausted: 0)
    guard let pointer = onnx_unpack_tensor(file.base, file.count, &budget) else {
      if budget.exhausted != 0 { throw ModelSource.tooMuch(file.count) }
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
  /// Bytes that the message of `byteCount` bytes may take.
  func parseBudget(_ byteCount: Int) -> Int {
    let (scaled, overflow) = byteCount.multipliedReportingOverflow(by: max(parseFactor, 0))
    if overflow { return Int.max }
    let (sum, isTooLarge) = scaled.addingReportingOverflow(max(parseBase, 0))
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
