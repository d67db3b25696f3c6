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
          for unit in String(scalar).utf16 { quoted += escape(UInt32(unit)) }
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
