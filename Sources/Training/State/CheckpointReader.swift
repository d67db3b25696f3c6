import Crypto
import ModelGraph

extension Checkpoint {
  /// Takes a checkpoint's bytes apart. Trusts none of them before their SHA-256 has been verified.
  struct Reader {
    private let bytes: ArraySlice<UInt8>
    private var at = 0

    /// Verifies the whole checkpoint and stops behind the version.
    init(_ all: [UInt8]) throws {
      bytes = all.dropLast(SHA256.byteCount)
      guard all.starts(with: Checkpoint.magic) else { throw CheckpointError.notACheckpoint }
      at = Checkpoint.magic.count
      let version = try number(UInt32.self)
      guard version == Checkpoint.version else {
        throw CheckpointError.version(version, supported: Checkpoint.version)
      }
      var hash = SHA256()
      bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
      guard Array(hash.finalize())[...] == all.suffix(SHA256.byteCount) else {
        throw CheckpointError.wrongHash
      }
    }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
      guard count >= 0, count <= bytes.count - at else { throw CheckpointError.cutShort }
      at += count
      return bytes[at - count..<at]
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
      var number: Number = 0
      for byte in try take(MemoryLayout<Number>.size).reversed() { number = number << 8 | Number(byte) }
      return number
    }

    /// Reads a number that must be a sensible count.
    mutating func count<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Int {
      let value = try number(type)
      guard value <= 1 << 31 else { throw CheckpointError.cutShort }
      return Int(value)
    }

    mutating func header() throws -> (String, Shape) {
      let name = String(decoding: try take(try count(UInt32.self)), as: UTF8.self)
      let rank = try count(UInt32.self)
      guard rank <= 16 else { throw CheckpointError.cutShort }
      var extents: [Int] = []
      for _ in 0..<rank { extents.append(try count(UInt64.self)) }
      return (name, try Shape(extents).checked())
    }

    mutating func tensor(_ shape: Shape) throws -> Tensor {
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
