/// Parses flat JSON arrays of strings or numbers, the only JSON that the field program reads. Strict:
/// https://www.rfc-editor.org/rfc/rfc8259
public enum JSONList {
  /// Why a text is not such a list; completes a sentence: "is not a JSON list of numbers".
  public struct Refusal: Error {
    public let why: String
  }

  public static func text(_ numbers: [Double]) -> String {
    var text = "["
    for (index, number) in numbers.enumerated() {
      if index > 0 { text += ", " }
      text += NumberText.shortest(number)
    }
    return text + "]"
  }

  public static func text(_ strings: [String]) -> String {
    var text = "["
    for (index, string) in strings.enumerated() {
      if index > 0 { text += ", " }
      text += JSONText.quoted(string)
    }
    return text + "]"
  }

  public static func numbers(_ text: String) throws(Refusal) -> [Double] {
    var scanner = JSONScanner(text)
    guard let numbers = scanner.list({ $0.number() }), scanner.isAtEnd else {
      throw Refusal(why: "is not a JSON list of numbers")
    }
    return numbers
  }

  public static func strings(_ text: String) throws(Refusal) -> [String] {
    var scanner = JSONScanner(text)
    guard let strings = scanner.list({ $0.string() }), scanner.isAtEnd else {
      throw Refusal(why: "is not a JSON list of strings\(scanner.reason)")
    }
    return strings
  }
}
