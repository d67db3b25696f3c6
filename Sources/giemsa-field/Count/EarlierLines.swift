import Platform
import Text

/// The lines of an earlier, perhaps interrupted run: `--resume`.
struct EarlierLines {
  private(set) var fields: [(path: String, slide: String, counts: FieldCounts)] = []
  /// Length in bytes of the fields' lines. Behind them are the slides' lines, or part of a line.
  private(set) var byteCount: UInt64 = 0
  private var hasEnded = false

  /// No lines.
  init() {}

  /// Reads the file in pieces; one that does not exist has no lines.
  ///
  /// - Parameters:
  ///   - stamp: what the lines must say of how they were made.
  init(_ path: String, _ stamp: CountStamp) throws(UsageError) {
    var (file, size) = (Int32(-1), UInt64(0))
    let error = path.withPath { platform_open_file($0, &file, &size) }
    if error == EarlierLines.isMissing { return }
    guard error == 0 else { throw EarlierLines.unreadable(path, error) }
    defer { platform_close(file) }
    var line: [UInt8] = []
    var number = 1
    var at: UInt64 = 0
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while at < size {
      let count = Int(min(size - at, UInt64(piece.count)))
      let error = piece.withUnsafeMutableBytes { platform_read_at(file, at, $0.baseAddress, count) }
      guard error == 0 else { throw EarlierLines.unreadable(path, error) }
      for index in 0..<count {
        line.append(piece[index])
        if piece[index] != UInt8(ascii: "\n") { continue }
        try take(line, stamp, "\(path):\(number)")
        line.removeAll(keepingCapacity: true)
        number += 1
      }
      guard line.count <= 1 << 28 else { throw UsageError(message: "\(path):\(number): not a line of count") }
      at += UInt64(count)
    }
  }

  private mutating func take(_ line: [UInt8], _ stamp: CountStamp, _ place: String) throws(UsageError) {
    let text = line.withUnsafeBufferPointer { PathText.text($0) }
    guard let object = JSONLine(text), let slide = object.text("slide") else {
      throw UsageError(message: "\(place): not a line of count; --resume wants the --output of an earlier run")
    }
    guard object.has("cells") else {
      hasEnded = true
      return
    }
    var counts = FieldCounts()
    guard !hasEnded, let path = object.text("path"), let red = object.count("redCells"),
      let infected = object.count("infected"), let white = object.count("whiteCells"),
      let platelets = object.count("platelets"), infected <= red
    else { throw UsageError(message: "\(place): not a field's line as count writes it; --resume cannot go on with it") }
    guard stamp.made(object) else {
      throw UsageError(
        message: "\(place): counted with another model or threshold (\(CountStamp(object).text)); now it is "
          + "\(stamp.text). Write to another file, or leave out --resume")
    }
    (counts.redCells, counts.infected, counts.whiteCells, counts.platelets) = (red, infected, white, platelets)
    fields.append((path, slide, counts))
    byteCount += UInt64(line.count)
  }

  /// ENOENT, on every Linux.
  private static let isMissing: Int32 = 2

  private static func unreadable(_ path: String, _ error: Int32) -> UsageError {
    let reason = error < 0 ? "not a regular file" : String(cString: platform_error_text(error))
    return UsageError(message: "\(path): cannot read (\(reason))")
  }
}
