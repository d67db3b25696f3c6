import ModelGraph
import Platform
import Text

/// A model's bytes, parsed without reading its weights.
///
/// protobuf-c parses only the *skeleton*: the file without its initialisers' raw_data, which are most of it. Those
/// bytes are read later, directly into their tensors, or only when first accessed. So loading needs memory for the
/// file's content once (the tensors) or not at all.
final class ModelSource {
  /// An initialiser's raw_data: its position in the file.
  struct Blob {
    let offset: Int
    let length: Int
  }

  /// Shorter ones are not worth a separate read.
  private static let shortestBlob = 256
  private static let windowSize = 1 << 16

  /// Blobs by initialiser index.
  private(set) var blobs: [Int: Blob] = [:]
  let size: Int
  private let bytes: ModelBytes
  private let limits: Limits
  private var window: [UInt8] = []
  private var windowStart = 0
  private var initialisers = 0
  private var graphs = 0

  /// Throws E102 or E105 (size).
  init(_ bytes: ModelBytes, _ limits: Limits) throws(GraphError) {
    self.bytes = bytes
    self.limits = limits
    size = bytes.byteCount
    guard size > 0 else { throw GraphError(.empty, "is empty") }
    guard size <= max(limits.fileBytes, 0) else {
      throw GraphError(.overLimit, "is larger than \(limits.fileBytes) bytes")
    }
  }

  /// The bytes that deferred initialisers are read from.
  private(set) lazy var deferred = DeferredBytes { [bytes] offset, target, count in
    bytes.read(offset, into: target, count)
  }

  /// Storage for `blob` that stays in the file until it is accessed.
  func deferredStorage(_ blob: Blob) -> Storage {
    Storage(deferred: deferred, offset: blob.offset, byteCount: blob.length)
  }

  /// The bytes of `blob`, aligned for vector instructions.
  func storage(_ blob: Blob) throws(GraphError) -> Storage {
    let storage = try Storage(room: blob.length)
    guard bytes.read(blob.offset, into: storage.base, blob.length) else { throw Self.unreadable }
    return storage
  }

  /// The error for a file that is not a model.
  func problem() -> GraphError {
    var first: [UInt8] = []
    try? copy(0..<min(size, 32), to: &first)
    // All writers begin with ir_version, field 1.
    if first.first == 0x08 { return Self.damaged }
    return GraphError(.notONNX, "is not an ONNX file" + FileSignature.guess(first))
  }

  // MARK: The skeleton

  private static var damaged: GraphError {
    GraphError(.damaged, "is damaged or cut off; copy or export it again")
  }
  private static var unreadable: GraphError { GraphError(.unreadable, "cannot be read completely") }

  /// Field numbers and wire types of Schemas/onnx.proto on the way down to raw_data.
  private enum Number {
    static let graph: UInt64 = 7
    static let initialiser: UInt64 = 5
    static let rawData: UInt64 = 9
  }
  private static let lengthDelimited: UInt64 = 2

  /// A ModelProto without the blobs. Throws E103 or E104 if the bytes are not a protocol buffer.
  func skeleton() throws(GraphError) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    while position < size {
      let field = try next(&position, size)
      if field.number == Number.graph, field.wire == Self.lengthDelimited, graphs == 0 {
        graphs += 1
        put(Number.graph, try graph(field.body), &result)
      } else {
        // More than one graph is refused later.
        try copy(field.start..<position, to: &result)
      }
    }
    return result
  }

  private func graph(_ range: Range<Int>) throws(GraphError) -> [UInt8] {
    var result: [UInt8] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let field = try next(&position, range.upperBound)
      if field.number == Number.initialiser, field.wire == Self.lengthDelimited {
        guard initialisers < limits.initialisers else {
          throw GraphError(.overLimit, "more than \(limits.initialisers) initialisers")
        }
        put(Number.initialiser, try tensor(field.body), &result)
        initialisers += 1
      } else {
        try copy(field.start..<position, to: &result)
      }
    }
    return result
  }

  private func tensor(_ range: Range<Int>) throws(GraphError) -> [UInt8] {
    var result: [UInt8] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let field = try next(&position, range.upperBound)
      let isBlob = field.number == Number.rawData && field.wire == Self.lengthDelimited
      if isBlob, field.body.count >= Self.shortestBlob {
        guard blobs[initialisers] == nil else { throw Self.damaged }
        blobs[initialisers] = Blob(offset: field.body.lowerBound, length: field.body.count)
      } else {
        try copy(field.start..<position, to: &result)
      }
    }
    return result
  }

  private func put(_ number: UInt64, _ body: [UInt8], _ result: inout [UInt8]) {
    result.append(UInt8(number << 3 | Self.lengthDelimited))
    var rest = body.count
    while rest >= 0x80 {
      result.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    result.append(UInt8(rest))
    result += body
  }

  // MARK: The wire format (https://protobuf.dev/programming-guides/encoding)

  private struct Field {
    let number: UInt64
    let wire: UInt64
    let start: Int
    /// The content of a length-delimited field.
    let body: Range<Int>
  }

  private func next(_ position: inout Int, _ end: Int) throws(GraphError) -> Field {
    let start = position
    let tag = try varint(&position, end)
    guard tag <= UInt64(UInt32.max) else { throw problem() }
    var count = 0
    switch tag & 7 {
    case 0: _ = try varint(&position, end)
    case 1: count = 8
    case 2:
      let length = try varint(&position, end)
      guard length <= UInt64(Int32.max) else { throw problem() }
      count = Int(length)
    case 5: count = 4
    default: throw problem()
    }
    guard count <= end - position else { throw problem() }
    position += count
    return Field(number: tag >> 3, wire: tag & 7, start: start, body: position - count..<position)
  }

  private func varint(_ position: inout Int, _ end: Int) throws(GraphError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw problem() }
      if position < windowStart || position >= windowStart + window.count { try fill(position) }
      let byte = window[position - windowStart]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw problem()
  }

  private func copy(_ range: Range<Int>, to result: inout [UInt8]) throws(GraphError) {
    var position = range.lowerBound
    while position < range.upperBound {
      if position < windowStart || position >= windowStart + window.count { try fill(position) }
      let end = min(range.upperBound, windowStart + window.count)
      result += window[(position - windowStart)..<(end - windowStart)]
      position = end
    }
  }

  /// Moves the buffered window to `position`, which must be within the file.
  private func fill(_ position: Int) throws(GraphError) {
    let count = min(Self.windowSize, size - position)
    if window.count != count { window = [UInt8](repeating: 0, count: count) }
    windowStart = position
    let bytes = bytes
    guard window.withUnsafeMutableBytes({ bytes.read(position, into: $0.baseAddress, count) }) else {
      throw Self.unreadable
    }
  }
}
