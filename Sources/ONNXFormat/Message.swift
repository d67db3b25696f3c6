import ModelGraph
import ONNXSchema
import Platform

/// A parsed file: protobuf-c's message, let go of when the last reference is gone.
final class ParsedModel {
  let pointer: UnsafeMutablePointer<Onnx__ModelProto>

  /// Reads and parses `path`; the file's own bytes are gone again when this returns.
  init(_ path: String, _ limits: Limits) throws(GraphError) {
    let file = try FileBytes(path, limits)
    var budget = onnx_budget(left: limits.parseBudget(file.count), exhausted: 0)
    guard let pointer = onnx_unpack_model(file.base, file.count, &budget) else {
      throw file.problem(exhausted: budget.exhausted != 0)
    }
    self.pointer = pointer
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
      if budget.exhausted != 0 { throw file.problem(exhausted: true) }
      throw GraphError(.damaged, "is not an ONNX tensor file, or only a part of one")
    }
    self.pointer = pointer
  }

  deinit { onnx_free_tensor(pointer) }
}

/// The whole of a file in memory.
private struct FileBytes: ~Copyable {
  let base: UnsafePointer<UInt8>
  let count: Int

  init(_ path: String, _ limits: Limits) throws(GraphError) {
    var memory: UnsafeMutableRawPointer?
    var count = 0
    let status = path.withCString { platform_read_file($0, limits.fileBytes, &memory, &count) }
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

  /// Why these bytes are not a model.
  func problem(exhausted: Bool) -> GraphError {
    if exhausted {
      return GraphError(
        .overLimit, "asks for far more memory than its \(count) bytes can need; it is not a usual model")
    }
    // Every writer begins with ir_version, field 1.
    if base[0] == 0x08 {
      return GraphError(.damaged, "is damaged or cut off; copy or export it again")
    }
    return GraphError(.notONNX, "is not an ONNX file" + FileBytes.guess(base, count))
  }

  private static func guess(_ base: UnsafePointer<UInt8>, _ count: Int) -> String {
    let signatures: [(bytes: [UInt8], name: String)] = [
      ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
      ([0xFF, 0xD8, 0xFF], "a JPEG picture"),
      ([0x50, 0x4B, 0x03, 0x04], "a zip archive, as PyTorch's .pt and .pth are: export it to ONNX first"),
      ([0x1F, 0x8B], "a gzip archive: unpack it first"),
      ([0x7F, 0x45, 0x4C, 0x46], "a program"),
      ([0x80, 0x02], "a Python pickle: export the model to ONNX first"),
      (Array("version https://git-lfs".utf8), "a Git LFS pointer: run git lfs pull"),
      (Array("<".utf8), "a web page, or XML"),
      (Array("{".utf8), "JSON"),
    ]
    for (bytes, name) in signatures where count >= bytes.count {
      if bytes.indices.allSatisfy({ base[$0] == bytes[$0] }) { return " (\(name)?)" }
    }
    return ""
  }
}

extension Limits {
  func parseBudget(_ fileBytes: Int) -> Int {
    let (scaled, overflow) = fileBytes.multipliedReportingOverflow(by: max(parseFactor, 0))
    if overflow { return Int.max }
    return scaled.addingReportingOverflow(max(parseBase, 0)).overflow ? Int.max : scaled + max(parseBase, 0)
  }
}

extension ProtobufCBinaryData {
  /// The bytes as text; what is not UTF-8 shows as U+FFFD. Throws E105 beyond `limit` bytes.
  func text(_ what: String, limit: Int) throws(GraphError) -> String {
    guard len <= limit else { throw GraphError(.overLimit, "\(what) is \(len) bytes long, the limit is \(limit)") }
    return String(decoding: UnsafeBufferPointer(start: data, count: len), as: UTF8.self)
  }
}
