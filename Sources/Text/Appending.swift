// Text is put together in thousands of places, most of them messages. The standard library's functions for that are inlined,
// 120 bytes for each piece; these, which the compiler prefers, are called. They make the static field program 0.4 MB smaller.

extension DefaultStringInterpolation {
  @inline(never) public mutating func appendLiteral(_ literal: String) { write(literal) }

  @inline(never) public mutating func appendInterpolation(_ text: String) { write(text) }

  @inline(never) public mutating func appendInterpolation(_ number: Int) { write(number.description) }

  public mutating func appendInterpolation<Value: CustomStringConvertible>(_ value: Value) {
    appendLiteral(value.description)
  }

  public mutating func appendInterpolation<Value: TextOutputStreamable & CustomStringConvertible>(_ value: Value) {
    appendLiteral(value.description)
  }
}

extension String {
  @inline(never) public static func += (text: inout String, more: String) { text.write(more) }

  @inline(never) public static func + (text: String, more: String) -> String {
    var both = text
    both.write(more)
    return both
  }

  @inline(never) public mutating func append(_ more: String) { write(more) }
}
