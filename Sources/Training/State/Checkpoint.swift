import Crypto
import ModelGraph

/// The state of a training run as bytes. All numbers are little-endian.
///
///     8 bytes   magic "GIEMSA\u{1}T"
///     u32       version, 4
///     u64       length of the caller's notes (where the run is), and the notes
///     u64       steps taken
///     u64       steps the optimiser's moments have seen
///     u32       moments per parameter that learns (AdamW 2, SGD 1, none yet 0)
///     u32       parameters, then for each: name, shape, u32 tensors, its weights, its moments
///     u32       running statistics, then for each: name, shape, values
///     32 bytes  SHA-256 of everything before
///
/// A name is u32 length and UTF-8; a shape u32 rank and u64 extents; values are float32 in ONNX's order, whatever layout
/// the training loops use.
struct Checkpoint {
  var stepCount: Int
  var momentSteps: Int
  var momentCount: Int
  var parameters: [(name: String, tensors: [Tensor])] = []
  var statistics: [(name: String, tensor: Tensor)] = []

  private static let magic = Array("GIEMSA\u{1}T".utf8)
  private static let version: UInt32 = 4

  init(stepCount: Int, momentSteps: Int, momentCount: Int) {
    self.stepCount = stepCount
    self.momentSteps = momentSteps
    self.momentCount = momentCount
  }

  /// What the caller wrote beside the network's state.
  static func notes(_ bytes: [UInt8]) throws(GraphError) -> [UInt8] {
    var reader = try Reader(bytes)
    return try notes(&reader)
  }

  private static func notes(_ reader: inout Reader) throws(GraphError) -> [UInt8] {
    return Array(try reader.take(try reader.count(UInt64.self)))
  }

  /// Throws E104 for anything but a whole checkpoint.
  init(_ bytes: [UInt8]) throws(GraphError) {
    var reader = try Reader(bytes)
    _ = try Checkpoint.notes(&reader)
    self.init(
      stepCount: try reader.count(UInt64.self), momentSteps: try reader.count(UInt64.self),
      momentCount: try reader.count(UInt32.self))
    guard momentCount <= 2 else { throw Reader.damaged }
    for _ in 0..<(try reader.count(UInt32.self)) {
      let (name, shape) = try reader.header()
      var tensors: [Tensor] = []
      let count = try reader.count(UInt32.self)
      guard count >= 1, count <= 1 + momentCount else { throw Reader.damaged }
      for _ in 0..<count { tensors.append(try reader.tensor(shape)) }
      parameters.append((name, tensors))
    }
    for _ in 0..<(try reader.count(UInt32.self)) {
      let (name, shape) = try reader.header()
      statistics.append((name, try reader.tensor(shape)))
    }
    guard reader.isAtEnd else { throw Reader.damaged }
  }

  /// Hands the bytes of a checkpoint to `sink`, a tensor at a time, so that a large state is never in memory twice.
  final class Writer {
    private var hash = SHA256()
    private let sink: (UnsafeRawBufferPointer) -> Void

    init(_ sink: @escaping (UnsafeRawBufferPointer) -> Void, notes: [UInt8]) {
      self.sink = sink
      put(Checkpoint.magic)
      put(Checkpoint.version)
      put(UInt64(notes.count))
      put(notes)
    }

    private func put(_ bytes: UnsafeRawBufferPointer) {
      hash.update(bufferPointer: bytes)
      sink(bytes)
    }

    /// Once everything is written.
    func finish() { Array(hash.finalize()).withUnsafeBytes { sink($0) } }

    func put(_ bytes: [UInt8]) { bytes.withUnsafeBytes { put($0) } }

    func put<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { put($0) }
    }

    func put(_ name: String, _ shape: Shape) {
      put(UInt32(name.utf8.count))
      put(Array(name.utf8))
      put(UInt32(shape.rank))
      for extent in shape.extents { put(UInt64(extent)) }
    }

    func put(_ tensor: Tensor) {
      #if _endian(little)
        tensor.withBytes { put($0) }
      #else
        tensor.withElements(Float.self) { for number in $0 { put(number.bitPattern) } }
      #endif
    }
  }

  private struct Reader {
    static let damaged = GraphError(.damaged, "the checkpoint is damaged or cut short")

    private let bytes: ArraySlice<UInt8>
    private var at = 0

    /// Stands behind the version; throws where not a bit of what follows is to be trusted.
    init(_ all: [UInt8]) throws(GraphError) {
      bytes = all.dropLast(SHA256.byteCount)
      guard all.starts(with: Checkpoint.magic) else { throw GraphError(.damaged, "not a checkpoint of giemsa") }
      at = Checkpoint.magic.count
      let version = try number(UInt32.self)
      guard version == Checkpoint.version else {
        throw GraphError(.damaged, "a checkpoint of version \(version); this program reads \(Checkpoint.version)")
      }
      var hash = SHA256()
      bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
      guard Array(hash.finalize())[...] == all.suffix(SHA256.byteCount) else {
        throw GraphError(
          .damaged, "the checkpoint is damaged or cut short: its SHA-256 is another than when it was written")
      }
    }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ count: Int) throws(GraphError) -> ArraySlice<UInt8> {
      guard count >= 0, count <= bytes.count - at else { throw Reader.damaged }
      at += count
      return bytes[at - count..<at]
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(GraphError) -> Number {
      var number: Number = 0
      for byte in try take(MemoryLayout<Number>.size).reversed() { number = number << 8 | Number(byte) }
      return number
    }

    /// A number that must be a sensible count.
    mutating func count<Number: FixedWidthInteger>(_ type: Number.Type) throws(GraphError) -> Int {
      let value = try number(type)
      guard value <= 1 << 31 else { throw Reader.damaged }
      return Int(value)
    }

    mutating func header() throws(GraphError) -> (String, Shape) {
      let name = String(decoding: try take(try count(UInt32.self)), as: UTF8.self)
      let rank = try count(UInt32.self)
      guard rank <= 16 else { throw Reader.damaged }
      var extents: [Int] = []
      for _ in 0..<rank { extents.append(try count(UInt64.self)) }
      return (name, try Shape(extents).checked())
    }

    mutating func tensor(_ shape: Shape) throws(GraphError) -> Tensor {
      let source = try take(shape.count * 4)
      var tensor = try Tensor(zeros: shape)
      #if _endian(little)
        tensor.withMutableBytes { $0.copyBytes(from: source) }
      #else
        var from = source.startIndex
        tensor.withMutableElements(Float.self) { numbers in
          for index in numbers.indices {
            var bits: UInt32 = 0
            for byte in source[from..<from + 4].reversed() { bits = bits << 8 | UInt32(byte) }
            numbers[index] = Float(bitPattern: bits)
            from += 4
          }
        }
      #endif
      return tensor
    }
  }
}
