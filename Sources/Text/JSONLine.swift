/// One JSON object, as JSON lines hold them: the texts and numbers of its own keys. Other values are passed over.
public struct JSONLine {
  private var texts: [(key: String, value: String)] = []
  private var numbers: [(key: String, value: Double)] = []
  private var keys: [String] = []

  /// nil if the text is no JSON object.
  public init?(_ text: String) {
    var scanner = JSONScanner(text)
    var (texts, numbers, keys) = (self.texts, self.numbers, self.keys)
    let isObject = scanner.object { key, scanner in
      keys.append(key)
      if scanner.isAtString {
        guard let value = scanner.string() else { return false }
        texts.append((key, value))
      } else if scanner.isAtNumber {
        guard let value = scanner.number() else { return false }
        numbers.append((key, value))
      } else {
        return scanner.skipValue()
      }
      return true
    }
    guard isObject, scanner.isAtEnd else { return nil }
    (self.texts, self.numbers, self.keys) = (texts, numbers, keys)
  }

  public func has(_ key: String) -> Bool { keys.contains { $0.isExactly(key) } }

  /// nil if the key is absent or has no text.
  public func text(_ key: String) -> String? { texts.first { $0.key.isExactly(key) }?.value }

  /// nil if the key is absent or has no number.
  public func number(_ key: String) -> Double? { numbers.first { $0.key.isExactly(key) }?.value }

  /// A whole number from 0 to 10¹².
  public func count(_ key: String) -> Int? {
    guard let number = number(key), number >= 0, number <= 1e12 else { return nil }
    return Int(exactly: number)
  }
}
