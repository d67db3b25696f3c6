/// Takes JSON tokens from the front of a text; nil if another token is there.
struct JSONScanner {
  private let bytes: [UInt8]
  private var at = 0
  /// A more specific reason as ` (…)`, or empty.
  private(set) var reason = ""

  init(_ text: String) { bytes = PathText.bytes(of: text) }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return at == bytes.count
    }
  }

  mutating func list<Element>(_ element: (inout JSONScanner) -> Element?) -> [Element]? {
    guard take("[") else { return nil }
    var elements: [Element] = []
    if take("]") { return elements }
    repeat {
      skipSpace()
      guard let next = element(&self) else { return nil }
      elements.append(next)
    } while take(",")
    return take("]") ? elements : nil
  }

  mutating func number() -> Double? {
    let start = at
    _ = takeNow("-")
    if !takeNow("0") {
      guard takeDigits() else { return nil }
    }
    if takeNow("."), !takeDigits() { return nil }
    if takeNow("e") || takeNow("E") {
      if !takeNow("-") { _ = takeNow("+") }
      guard takeDigits() else { return nil }
    }
    guard let number = NumberText.parse(String(decoding: bytes[start..<at], as: UTF8.self)), number.isFinite else {
      return nil
    }
    return number
  }

  mutating func string() -> String? {
    guard takeNow("\"") else { return nil }
    var string: [UInt8] = []
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      let byte = bytes[at]
      at += 1
      if byte < 0x20 {
        reason = " (it contains an unescaped control character)"
        return nil
      }
      if byte != UInt8(ascii: "\\") {
        string.append(byte)
      } else if !escape(&string) {
        reason = " (it has an invalid escape)"
        return nil
      }
    }
    guard takeNow("\"") else { return nil }
    return string.withUnsafeBufferPointer { PathText.text($0) }
  }

  /// An escape, after its backslash.
  private mutating func escape(_ string: inout [UInt8]) -> Bool {
    guard at < bytes.count else { return false }
    at += 1
    switch bytes[at - 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): string.append(bytes[at - 1])
    case UInt8(ascii: "b"): string.append(0x08)
    case UInt8(ascii: "f"): string.append(0x0C)
    case UInt8(ascii: "n"): string.append(0x0A)
    case UInt8(ascii: "r"): string.append(0x0D)
    case UInt8(ascii: "t"): string.append(0x09)
    case UInt8(ascii: "u"):
      guard var code = fourDigits() else { return false }
      if case 0xD800..<0xDC00 = code {
        guard takeNow("\\"), takeNow("u"), let low = fourDigits(), case 0xDC00..<0xE000 = low else { return false }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      // A byte that is not UTF-8, as written by JSONText and Python's surrogateescape.
      if case 0xDC80...0xDCFF = code {
        string.append(UInt8(code & 0xFF))
        return true
      }
      guard let scalar = Unicode.Scalar(code) else { return false }
      string += Array(String(Character(scalar)).utf8)
    default: return false
    }
    return true
  }

  private mutating func fourDigits() -> UInt32? {
    guard at + 4 <= bytes.count else { return nil }
    var code: UInt32 = 0
    for byte in bytes[at..<(at + 4)] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    at += 4
    return code
  }

  private mutating func takeDigits() -> Bool {
    let start = at
    while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
    return at > start
  }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return takeNow(character)
  }

  private mutating func takeNow(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  /// Passes over one value of any kind; false if it is malformed, or lists and objects are nested more than 32 deep.
  mutating func skipValue(depth: Int = 0) -> Bool {
    skipSpace()
    guard at < bytes.count, depth < 32 else { return false }
    switch bytes[at] {
    case UInt8(ascii: "\""): return string() != nil
    case UInt8(ascii: "["):
      return list { scanner in scanner.skipValue(depth: depth + 1) ? true : nil } != nil
    case UInt8(ascii: "{"): return object { _, scanner in scanner.skipValue(depth: depth + 1) }
    case UInt8(ascii: "t"): return takeWord("true")
    case UInt8(ascii: "f"): return takeWord("false")
    case UInt8(ascii: "n"): return takeWord("null")
    default: return number() != nil
    }
  }

  /// An object, whose values `value` takes; false if it is malformed or `value` gives false.
  mutating func object(_ value: (String, inout JSONScanner) -> Bool) -> Bool {
    guard take("{") else { return false }
    if take("}") { return true }
    repeat {
      skipSpace()
      guard let key = string(), take(":") else { return false }
      skipSpace()
      guard value(key, &self) else { return false }
    } while take(",")
    return take("}")
  }

  var isAtString: Bool { at < bytes.count && bytes[at] == UInt8(ascii: "\"") }

  var isAtNumber: Bool {
    guard at < bytes.count else { return false }
    return bytes[at] == UInt8(ascii: "-") || bytes[at] >= UInt8(ascii: "0") && bytes[at] <= UInt8(ascii: "9")
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard at + length <= bytes.count else { return false }
    for index in 0..<length where bytes[at + index] != word.utf8Start[index] { return false }
    at += length
    return true
  }
}
