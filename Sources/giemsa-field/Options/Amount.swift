import Text

/// Numbers with a unit on the command line.
enum Amount {
  /// `2G`, `800M`, `1.5k`: a number from 0 on with K, M, G or T, each `thousand` (1000 or 1024) times the one before it.
  /// nil for anything else.
  static func parse(_ text: String, thousand: Double) -> Int? {
    var digits = Array(text.utf8)
    var factor = 1.0
    if let last = digits.last, let power = Array("KMGT".utf8).firstIndex(of: last & ~0x20) {
      for _ in 0...power { factor *= thousand }
      digits.removeLast()
    }
    // What it parses besides is no amount: a sign, an exponent, inf.
    guard digits.allSatisfy({ $0 == UInt8(ascii: ".") || $0 >= 0x30 && $0 <= 0x39 }),
      let number = NumberText.parse(String(decoding: digits, as: UTF8.self))
    else { return nil }
    return Int(exactly: (number * factor).rounded())
  }
}
