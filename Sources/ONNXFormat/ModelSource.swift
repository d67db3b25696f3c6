import ModelGraph
import ONNXSchema
import Platform
import Text

/// A model's bytes, or those of a branch in it, parsed piece by piece.
///
/// protobuf-c parses the *skeleton* at once: the message without nodes, initialisers, and fields that nobody reads. Nodes
/// and initialisers are most of a file, and their messages take up to eighty times their bytes; each is parsed when it
/// is read, and freed. An initialiser's raw_data are read directly into their tensor, or only when first accessed.
final class ModelSource {
  /// An initialiser's raw_data: its position in the file.
  struct Blob {
    let offset: Int
    let length: Int
  }

  /// A message's position in the file.
  private struct Place {
    let start, end: UInt32

    init(_ range: Range<Int>) { (start, end) = (UInt32(range.lowerBound), UInt32(range.upperBound)) }

    var range: Range<Int> { Int(start)..<Int(end) }
  }

  private struct Initialiser {
    let place: Place
    /// The field of its raw_data, and these themselves; empty without.
    var field = Place(0..<0)
    var data = Place(0..<0)
  }

  /// Shorter ones are not worth a separate read.
  private static let shortestBlob = 256
  private static let windowSize = 1 << 16
  /// Pieces of the skeleton. A file of more is hostile.
  private static let mostPieces = 1 << 16

  /// The number of the file's graphs, and of the first one's nodes and initialisers.
  private(set) var graphCount = 0
  private(set) var nodeCount = 0
  var initialiserCount: Int { initialisers.count }
  let size: Int
  private let bytes: ModelBytes
  private let limits: Limits
  private var nodes: [Place] = []
  private var initialisers: [Initialiser] = []
  private var window: [UInt8] = []
  private var windowStart = 0
  /// The bytes of the message that is being parsed.
  private var message: [UInt8] = []

  /// Throws E102 or E105 (size).
  init(_ bytes: ModelBytes, _ limits: Limits) throws(GraphError) {
    self.bytes = bytes
    self.limits = limits
    room = nil
    size = bytes.byteCount
    guard size > 0 else { throw GraphError(.empty, "is empty") }
    guard size <= min(max(limits.fileBytes, 0), Int(UInt32.max)) else {
      throw GraphError(.overLimit, "is larger than \(limits.fileBytes) bytes")
    }
  }

  /// A branch in the node that `outer` is reading, which must outlive this.
  init(branch: ProtobufCBinaryData, of outer: ModelSource) throws(GraphError) {
    guard let memory = branch.data, branch.len <= UInt32.max else { throw Self.damaged }
    bytes = ModelBytes(borrowing: memory, count: branch.len)
    limits = outer.limits
    room = outer.left
    size = branch.len
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
    if room != nil || first.first == 0x08 { return Self.damaged }
    return GraphError(.notONNX, "is not an ONNX file" + FileSignature.guess(first))
  }

  private static var damaged: GraphError {
    GraphError(.damaged, "is damaged or cut off; copy or export it again")
  }
  private static var unreadable: GraphError { GraphError(.unreadable, "cannot be read completely") }

  // MARK: The skeleton

  /// Field numbers of Schemas/onnx.proto on the way down to raw_data, and of the skeleton.
  private enum Number {
    static let graph: UInt64 = 7
    static let node: UInt64 = 1
    static let initialiser: UInt64 = 5
    static let rawData: UInt64 = 9

    static func isKept(inModel number: UInt64) -> Bool {
      switch number {
      case 1, 2, 3, 7, 8, 14, 25: true
      default: false
      }
    }
    static func isKept(inGraph number: UInt64) -> Bool {
      switch number {
      case 1, 2, 5, 11, 12, 15: true
      default: false
      }
    }
  }
  private static let lengthDelimited: UInt64 = 2

  /// A ModelProto with what is not parsed later. Throws E103 or E104 if the bytes are not a protocol buffer.
  func skeleton() throws(GraphError) -> [UInt8] {
    // Before and behind the graph, and of it.
    var kept: [[Range<Int>]] = [[], []]
    var inGraph: [Range<Int>] = []
    var position = 0
    while position < size {
      let field = try next(&position, size)
      if field.number == Number.graph, field.wire == Self.lengthDelimited {
        // More than one is refused by the reader.
        if graphCount == 0 { inGraph = try pieces(ofGraph: field.body) }
        graphCount += 1
      } else if Number.isKept(inModel: field.number) {
        try add(field.start..<position, to: &kept[min(graphCount, 1)])
      }
    }
    let graphBytes = inGraph.reduce(0) { $0 + $1.count }
    var result: [UInt8] = []
    result.reserveCapacity((kept[0] + kept[1]).reduce(graphBytes + 16) { $0 + $1.count })
    for piece in kept[0] { try copy(piece, to: &result) }
    if graphCount > 0 { put(Number.graph, graphBytes, &result) }
    for piece in inGraph + kept[1] { try copy(piece, to: &result) }
    return result
  }

  /// The same of a GraphProto, for the bytes of a branch.
  func graphSkeleton() throws(GraphError) -> [UInt8] {
    let pieces = try self.pieces(ofGraph: 0..<size)
    graphCount = 1
    var result: [UInt8] = []
    result.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
    for piece in pieces { try copy(piece, to: &result) }
    return result
  }

  /// Notes where nodes and initialisers are; returns where the rest is.
  private func pieces(ofGraph range: Range<Int>) throws(GraphError) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let field = try next(&position, range.upperBound)
      switch (field.number, field.wire) {
      case (Number.node, Self.lengthDelimited):
        nodeCount += 1
        if nodeCount <= limits.nodes { nodes.append(Place(field.body)) }
      case (Number.initialiser, Self.lengthDelimited):
        guard initialisers.count < limits.initialisers else {
          throw GraphError(.overLimit, "more than \(limits.initialisers) initialisers")
        }
        initialisers.append(try initialiser(field.body))
      default:
        if Number.isKept(inGraph: field.number) { try add(field.start..<position, to: &pieces) }
      }
    }
    return pieces
  }

  private func initialiser(_ range: Range<Int>) throws(GraphError) -> Initialiser {
    var result = Initialiser(place: Place(range))
    var position = range.lowerBound
    while position < range.upperBound {
      let field = try next(&position, range.upperBound)
      let isBlob = field.number == Number.rawData && field.wire == Self.lengthDelimited
      guard isBlob, field.body.count >= Self.shortestBlob else { continue }
      guard result.data.range.isEmpty else { throw Self.damaged }
      (result.field, result.data) = (Place(field.start..<position), Place(field.body))
    }
    return result
  }

  private func add(_ piece: Range<Int>, to pieces: inout [Range<Int>]) throws(GraphError) {
    if let last = pieces.last, last.upperBound == piece.lowerBound {
      pieces[pieces.count - 1] = last.lowerBound..<piece.upperBound
      return
    }
    guard pieces.count < Self.mostPieces else { throw Self.tooMuch(size) }
    pieces.append(piece)
  }

  private func put(_ number: UInt64, _ byteCount: Int, _ result: inout [UInt8]) {
    result.append(UInt8(number << 3 | Self.lengthDelimited))
    var rest = byteCount
    while rest >= 0x80 {
      result.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    result.append(UInt8(rest))
  }

  // MARK: Nodes and initialisers

  /// Bytes that a branch's messages may take beside the node that it is in; nil for a file.
  private let room: Int?
  /// Of these, or of the limits, what the last message left.
  private var left = 0

  /// Throws E105 if the message takes more memory than the limits allow.
  func parse<Message>(
    _ bytes: [UInt8],
    _ unpack: (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<onnx_budget>?) -> UnsafeMutablePointer<Message>?
  ) throws(GraphError) -> UnsafeMutablePointer<Message> {
    var budget = onnx_budget(left: room ?? limits.parseBudget(bytes.count), exhausted: 0)
    let parsed = bytes.withUnsafeBufferPointer { unpack($0.baseAddress, $0.count, &budget) }
    left = budget.left
    if let parsed { return parsed }
    throw budget.exhausted != 0 ? Self.tooMuch(size) : problem()
  }

  static func tooMuch(_ fileBytes: Int) -> GraphError {
    GraphError(.overLimit, "needs far more memory than a well-made file of \(fileBytes) bytes")
  }

  /// Calls `body` with a node, which lives as long as the call.
  func withNode<Result>(
    _ index: Int, _ body: (Onnx__NodeProto) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    clear()
    try copy(nodes[index].range, to: &message)
    let node = try parse(message, onnx_unpack_node)
    clear()
    defer { onnx_free_node(node) }
    return try body(node.pointee)
  }

  /// The same for an initialiser, which comes without its raw_data, and the place of these.
  func withInitialiser<Result>(
    _ index: Int, _ body: (UnsafeMutablePointer<Onnx__TensorProto>, Blob?) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    let (place, field, data) = (
      initialisers[index].place.range, initialisers[index].field.range, initialisers[index].data.range
    )
    clear()
    if data.isEmpty {
      try copy(place, to: &message)
    } else {
      // A few bytes beside many: the window would read what nobody wants.
      let isFar = data.count > Self.windowSize / 4
      try copy(place.lowerBound..<field.lowerBound, to: &message, throughWindow: !isFar)
      try copy(field.upperBound..<place.upperBound, to: &message, throughWindow: !isFar)
    }
    let tensor = try parse(message, onnx_unpack_tensor)
    clear()
    defer { onnx_free_tensor(tensor) }
    return try body(tensor, data.isEmpty ? nil : Blob(offset: data.lowerBound, length: data.count))
  }

  /// Also before a parsed message is read: branches may be parsed then.
  private func clear() { message.removeAll(keepingCapacity: message.capacity <= Self.windowSize) }

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

  private func copy(
    _ range: Range<Int>, to result: inout [UInt8], throughWindow: Bool = true
  ) throws(GraphError) {
    var position = range.lowerBound
    while position < range.upperBound {
      let isInWindow = position >= windowStart && position < windowStart + window.count
      if !isInWindow, !throughWindow || range.upperBound - position >= Self.windowSize {
        try append(position..<range.upperBound, to: &result)
        return
      }
      if !isInWindow { try fill(position) }
      let end = min(range.upperBound, windowStart + window.count)
      result += window[(position - windowStart)..<(end - windowStart)]
      position = end
    }
  }

  private func append(_ range: Range<Int>, to result: inout [UInt8]) throws(GraphError) {
    let start = result.count
    result.append(contentsOf: repeatElement(0, count: range.count))
    let bytes = bytes
    let isRead = result.withUnsafeMutableBytes { target in
      bytes.read(range.lowerBound, into: target.baseAddress.map { $0 + start }, range.count)
    }
    guard isRead else { throw Self.unreadable }
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
