import Platform

/// Text to standard output and standard error.
enum Console {
  static func out(_ text: String) { write(1, text + "\n") }
  static func error(_ text: String) { write(2, text + "\n") }

  private static func write(_ descriptor: Int32, _ text: String) {
    let bytes = Array(text.utf8)
    bytes.withUnsafeBufferPointer { _ = platform_write(descriptor, $0.baseAddress, $0.count) }
  }
}
