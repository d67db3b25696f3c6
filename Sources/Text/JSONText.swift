/// JSON string literals.
public enum JSONText {
  /// In double quotes, with JSON's escapes and escapes for terminal control characters. A byte that is not UTF-8 (see
  /// `PathText`) becomes `\udcXX`, half of a surrogate pair, as in Python's surrogateescape:
  /// `os.fsencode(json.loads(text))` returns a path's bytes.
  public static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      default:
        if let byte = PathText.byte(for: scalar) {
          quoted += escape(0xDC00 | UInt32(byte))
        } else if scalar.speaksToTerminals {
          // In UTF-16; `utf16` of a String takes 5 KB of the static field program.
          let beyond = scalar.value &- 0x10000
          if scalar.value < 0x10000 {
            quoted += escape(scalar.value)
          } else {
            quoted += escape(0xD800 | beyond >> 10)
            quoted += escape(0xDC00 | beyond & 0x3FF)
          }
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }

  private static func escape(_ code: UInt32) -> String {
    "\\u" + hexadecimal(code, 4)
  }
}
