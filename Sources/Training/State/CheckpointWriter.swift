import Crypto
import ModelGraph

extension Checkpoint {
  /// Passes the bytes of a checkpoint to `sink`, a tensor at a time, so that a large state is never in memory twice.
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

    /// Ends the checkpoint with its SHA-256.
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
}
