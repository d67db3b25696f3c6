/// Calls of the C shims around decoding libraries, which write the reason of a failure into a buffer of characters.
enum ShimMessage {
  /// - Parameter room: size of the buffer.
  static func of(_ room: Int, _ body: (UnsafeMutablePointer<CChar>) -> Int32) -> (status: Int32, reason: String) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { buffer in
      guard let base = buffer.baseAddress else { return (-1, "no memory") }
      base.initialize(repeating: 0, count: room)
      let status = body(base)
      return (status, status == 0 ? "" : String(cString: base))
    }
  }
}
