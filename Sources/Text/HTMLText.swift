/// Text in HTML pages.
public enum HTMLText {
  /// Escapes text, made printable, for use as content or in a quoted attribute. By scalars, as browsers read: a quote
  /// followed by a combining mark still ends an attribute.
  public static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.printable.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
