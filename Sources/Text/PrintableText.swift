extension String {
  /// The text on one line, without characters that control a terminal. All text from outside (names of files, classes,
  /// graphs and values, metadata, and messages that contain them) goes through here before it is shown.
  ///
  /// Control characters become `\n`, `\t` or `\x1b`, invalid UTF-8 bytes of a path `\xe9`, and characters that change
  /// the text direction, break lines or have no width `\u{202e}`. Everything else, including backslashes, is unchanged.
  public var printable: String { printable(keepsLines: false) }

  /// The same for several lines: line ends stay.
  public var printableLines: String { printable(keepsLines: true) }

  private func printable(keepsLines: Bool) -> String {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A && keepsLines }) { return self }
    // A string: to append text to a view of scalars copies all that it holds.
    var text = ""
    for scalar in unicodeScalars {
      if let byte = PathText.byte(for: scalar) {
        text += "\\x\(hexadecimal(UInt32(byte), 2))"
        continue
      }
      switch scalar.value {
      case 0x0A where keepsLines: text.unicodeScalars.append(scalar)
      case 0x0A: text += "\\n"
      case 0x09: text += "\\t"
      case _ where !scalar.speaksToTerminals: text.unicodeScalars.append(scalar)
      case 0..<0xA0: text += "\\x\(hexadecimal(scalar.value, 2))"
      default: text += "\\u{\(hexadecimal(scalar.value, 4))}"
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether the scalar is a control character, or changes the text direction, breaks lines or has no width.
  public var speaksToTerminals: Bool {
    switch value {
    // Direction marks and overrides, zero-width characters, line and paragraph separators, tags, the byte order mark, and
    // two that XML excludes.
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFB, 0xFFFE...0xFFFF, 0xE0000...0xE007F:
      true
    default: false
    }
  }
}

/// Hexadecimal with at least `digits` lower-case digits.
public func hexadecimal(_ value: UInt32, _ digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
