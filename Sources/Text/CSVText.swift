/// CSV lines as in RFC 4180, safe to open in a spreadsheet.
public enum CSVText {
  /// One text cell, printable. It gets an apostrophe in front if a spreadsheet would interpret it as a formula (it
  /// begins with `=`, `+`, `-` or `@`, possibly after apostrophes or spaces), and quotes if it contains a comma or a
  /// quote.
  ///
  /// The program's own numbers are written without this: `-0.5` is not a formula.
  ///
  /// - Parameter isRaw: for a program that reads names and no spreadsheet: without the apostrophe.
  public static func cell(_ text: String, isRaw: Bool = false) -> String {
    let printable = text.printable
    let safe = isFormula(printable) && !isRaw ? "'" + printable : printable
    let bytes = Array(safe.utf8)
    guard bytes.contains(where: { $0 == comma || $0 == quote }) else { return safe }
    var quoted = [quote]
    for byte in bytes {
      if byte == quote { quoted.append(byte) }
      quoted.append(byte)
    }
    return String(decoding: quoted + [quote], as: UTF8.self)
  }

  /// The cells of a line made by ``cell(_:)``, without quotes and without the apostrophes in front of formulas; nil if
  /// a quote is not closed or is followed by other text.
  public static func cells(_ line: String) -> [String]? {
    var cells: [String] = []
    var cell: [UInt8] = []
    let bytes = Array(line.utf8) + [comma]
    var at = 0
    while at < bytes.count {
      if bytes[at] == quote, cell.isEmpty {
        at += 1
        while true {
          guard at + 1 < bytes.count else { return nil }
          if bytes[at] == quote {
            at += 1
            if bytes[at] != quote { break }
          }
          cell.append(bytes[at])
          at += 1
        }
        guard bytes[at] == comma else { return nil }
      }
      if bytes[at] == comma {
        let text = String(decoding: cell, as: UTF8.self)
        cells.append(cell.first == apostrophe && isFormula(text) ? String(text.dropFirst()) : text)
        cell = []
      } else {
        cell.append(bytes[at])
      }
      at += 1
    }
    return cells
  }

  private static let comma = UInt8(ascii: ","), quote = UInt8(ascii: "\""), apostrophe = UInt8(ascii: "'")

  /// https://owasp.org/www-community/attacks/CSV_Injection, including full-width forms of the four signs. Control
  /// characters in front of them have already been made printable.
  private static func isFormula(_ text: String) -> Bool {
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x20, 0x27, 0xA0, 0x3000: continue
      case 0x3D, 0x2B, 0x2D, 0x40, 0xFF1D, 0xFF0B, 0xFF0D, 0xFF20: return true
      default: return false
      }
    }
    return false
  }
}
