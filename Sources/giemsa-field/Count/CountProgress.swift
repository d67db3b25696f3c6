import Platform
import Text

/// The progress line on a terminal. It overwrites itself; ``erase()`` removes it.
struct CountProgress {
  private let isShown: Bool
  private let fields: Int
  private var last = -1.0

  /// - Parameter isQuiet: the results themselves show the progress.
  init(fields: Int, isQuiet: Bool) {
    self.fields = fields
    isShown = !isQuiet && fields > 1 && platform_is_terminal(2) != 0
  }

  /// At most five times a second.
  mutating func show(done: Int, _ total: FieldCounts) {
    let now = platform_seconds()
    guard isShown, now - last > 0.2 else { return }
    last = now
    let cells = "\(Quantity.grouped(total.redCells)) red cells, \(Quantity.grouped(total.infected)) infected"
    write("\r\u{1B}[K\(done) of \(fields) fields: \(cells)")
  }

  func erase() { if last >= 0 { write("\r\u{1B}[K") } }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    bytes.withUnsafeBufferPointer { _ = platform_write(2, $0.baseAddress, $0.count) }
  }
}
