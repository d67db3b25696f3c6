import Text

/// Formats large numbers.
enum Quantity {
  /// `11,689,512`
  static func grouped(_ value: Int) -> String {
    let digits = Array("\(value)".utf8)
    var bytes: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != UInt8(ascii: "-") {
        bytes.append(UInt8(ascii: ","))
      }
      bytes.append(digit)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `118.0 M`
  static func count(_ value: Int) -> String {
    switch value {
    case ..<10_000: "\(value)"
    case ..<1_000_000: NumberText.fixed(Double(value) / 1e3, 1) + " k"
    case ..<1_000_000_000: NumberText.fixed(Double(value) / 1e6, 1) + " M"
    default: NumberText.fixed(Double(value) / 1e9, 2) + " G"
    }
  }

  /// `3.06 MiB`
  static func bytes(_ value: Int) -> String {
    switch value {
    case ..<1024: "\(value) B"
    case ..<(1 << 20): NumberText.fixed(Double(value) / 1024, 1) + " KiB"
    default: NumberText.fixed(Double(value) / Double(1 << 20), 2) + " MiB"
    }
  }
}
