import Foundation
import ModelGraph
import Text

/// A `.safetensors` file: u64 length of the header, the header as JSON (`{name: {dtype, shape, data_offsets}}`), then the
/// numbers, little-endian. https://huggingface.co/docs/safetensors
///
/// Opening the file checks the whole header: every tensor lies within the file, and its length agrees with its shape.
public struct SafeTensors: Sendable {
  private struct Entry: Sendable {
    var type: String
    var shape: Shape
    var bytes: Range<Int>
  }

  private let data: Data
  private let entries: [String: Entry]

  /// Largest header accepted, in bytes.
  private static let headerLimit = 100 << 20
  private static let sizes = [
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1, "U16": 2,
    "U32": 4, "U64": 8, "F8_E4M3": 1, "F8_E5M2": 1,
  ]

  public init(contentsOf path: String) throws(WeightsError) {
    guard let data = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else {
      throw WeightsError("cannot be read")
    }
    try self.init(data)
  }

  public init(_ data: Data) throws(WeightsError) {
    guard data.count >= 8 else { throw WeightsError("is no safetensors file: \(data.count) bytes") }
    guard !data.starts(with: [0x50, 0x4B, 3, 4]), !data.starts(with: [0x80, 2, 0x8A, 0x0A]) else {
      throw WeightsError("is a PyTorch file: make a .safetensors of it first (docs/training.md, Pre-trained weights)")
    }
    let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length >= 2, length <= UInt64(min(data.count - 8, SafeTensors.headerLimit)) else {
      throw WeightsError("is no safetensors file, or cut short (a header of \(length) bytes)")
    }
    let start = 8 + Int(length)
    let header = data[data.startIndex + 8..<data.startIndex + start]
    guard let object = try? JSONSerialization.jsonObject(with: header), let table = object as? [String: Any] else {
      throw WeightsError("is no safetensors file: its header is not JSON")
    }
    var entries: [String: Entry] = [:]
    for (name, value) in table where name != "__metadata__" {
      guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
        let extents = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
        let size = SafeTensors.sizes[type]
      else { throw WeightsError("its tensor '\(SafeTensors.printable(name))' has no type, shape and place known here") }
      var count = size
      for extent in extents {
        let (product, overflows) = count.multipliedReportingOverflow(by: extent)
        guard extent >= 0, extents.count <= 16, !overflows else {
          throw WeightsError("its tensor '\(SafeTensors.printable(name))' has an impossible shape")
        }
        count = product
      }
      guard offsets[0] >= 0, offsets[1] >= offsets[0], offsets[1] <= data.count - start,
        offsets[1] - offsets[0] == count
      else {
        throw WeightsError(
          "is damaged or cut short: tensor '\(SafeTensors.printable(name))' does not lie where the header says")
      }
      entries[name] = Entry(type: type, shape: Shape(extents), bytes: start + offsets[0]..<start + offsets[1])
    }
    self.data = data
    self.entries = entries
  }

  public var names: [String] { entries.keys.sorted() }

  public func shape(_ name: String) -> Shape? { entries[name]?.shape }

  /// A tensor of type F32, F16, BF16 or F64, converted to float32. nil if there is none of that name.
  public func tensor(_ name: String) throws(WeightsError) -> Tensor? {
    guard let entry = entries[name] else { return nil }
    let bytes = data[data.startIndex + entry.bytes.lowerBound..<data.startIndex + entry.bytes.upperBound]
    let numbers: [Float]
    switch entry.type {
    case "F32": numbers = SafeTensors.words(bytes, UInt32.self).map { Float(bitPattern: $0) }
    case "F64": numbers = SafeTensors.words(bytes, UInt64.self).map { Float(Double(bitPattern: $0)) }
    case "BF16": numbers = SafeTensors.words(bytes, UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case "F16": numbers = SafeTensors.words(bytes, UInt16.self).map { SafeTensors.half($0) }
    default:
      throw WeightsError("its tensor '\(SafeTensors.printable(name))' is \(entry.type); weights are F32, F16 or BF16")
    }
    do { return try Tensor(entry.shape, numbers) } catch { throw WeightsError(error.message) }
  }

  private static func words<Word: FixedWidthInteger>(_ bytes: Data, _: Word.Type) -> [Word] {
    let size = MemoryLayout<Word>.size
    return bytes.withUnsafeBytes { raw in
      (0..<raw.count / size).map { Word(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * size, as: Word.self)) }
    }
  }

  /// IEEE half precision.
  private static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023) / 1024)
    switch exponent {
    case 0: return sign * fraction * 0x1p-14
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    }
  }

  private static func printable(_ name: String) -> String { String(name.prefix(80)).printable }
}
