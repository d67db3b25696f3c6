/// A little-endian TIFF with one directory. Values of four bytes or fewer stand in the entries.
public struct TIFFSketch {
  public var entries: [(tag: UInt16, type: UInt16, count: UInt32, value: UInt32)] = []
  /// Stands behind the header.
  public var data: [UInt8] = []
  /// Offset of the directory that follows; nil: this one.
  public var next: UInt32? = 0

  public init(width: UInt32, height: UInt32, rowsPerStrip: UInt32) {
    entries = [
      (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1),
      (278, 4, 1, rowsPerStrip),
    ]
  }

  public var bytes: [UInt8] {
    let at = UInt32(8 + data.count)
    var bytes = Array("II*\0".utf8)
    func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    put(at)
    bytes += data
    put(UInt16(entries.count))
    for entry in entries.sorted(by: { $0.tag < $1.tag }) {
      put(entry.tag)
      put(entry.type)
      put(entry.count)
      put(entry.value)
    }
    put(next ?? at)
    return bytes
  }
}
