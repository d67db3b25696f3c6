import ModelGraph

/// The state of a training run as bytes, all numbers little-endian:
///
///     8 bytes   magic "GIEMSA\u{1}T"
///     u32       version, 4
///     u64       length of the caller's notes, then the notes
///     u64       steps taken
///     u64       steps the optimiser's moments have seen
///     u32       moments per parameter that learns (AdamW 2, SGD 1, none yet 0)
///     u32       parameters, then for each: name, shape, u32 tensors, its weights, its moments
///     u32       running statistics, then for each: name, shape, values
///     32 bytes  SHA-256 of everything before
///
/// A name is u32 length and UTF-8; a shape u32 rank and u64 extents. Values are float32 in ONNX's order, whatever layout the
/// training kernels use.
struct Checkpoint {
  var stepCount: Int
  var momentSteps: Int
  var momentCount: Int
  var parameters: [(name: String, tensors: [Tensor])] = []
  var statistics: [(name: String, tensor: Tensor)] = []

  static let magic = Array("GIEMSA\u{1}T".utf8)
  static let version: UInt32 = 4

  init(stepCount: Int, momentSteps: Int, momentCount: Int) {
    self.stepCount = stepCount
    self.momentSteps = momentSteps
    self.momentCount = momentCount
  }

  /// The caller's notes.
  static func notes(_ bytes: [UInt8]) throws -> [UInt8] {
    var reader = try Reader(bytes)
    return try notes(&reader)
  }

  private static func notes(_ reader: inout Reader) throws -> [UInt8] {
    return Array(try reader.take(try reader.count(UInt64.self)))
  }

  /// Throws a ``CheckpointError`` unless the bytes are a whole checkpoint.
  init(_ bytes: [UInt8]) throws {
    var reader = try Reader(bytes)
    _ = try Checkpoint.notes(&reader)
    self.init(
      stepCount: try reader.count(UInt64.self), momentSteps: try reader.count(UInt64.self),
      momentCount: try reader.count(UInt32.self))
    guard momentCount <= 2, momentSteps <= stepCount else { throw CheckpointError.cutShort }
    for _ in 0..<(try reader.count(UInt32.self)) {
      let (name, shape) = try reader.header()
      var tensors: [Tensor] = []
      let count = try reader.count(UInt32.self)
      guard count >= 1, count <= 1 + momentCount else { throw CheckpointError.cutShort }
      for _ in 0..<count { tensors.append(try reader.tensor(shape)) }
      parameters.append((name, tensors))
    }
    for _ in 0..<(try reader.count(UInt32.self)) {
      let (name, shape) = try reader.header()
      statistics.append((name, try reader.tensor(shape)))
    }
    guard reader.isAtEnd else { throw CheckpointError.cutShort }
  }
}
