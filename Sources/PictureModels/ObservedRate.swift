import Platform
import Text

/// A rate as observed: so many of so many. Keys `giemsa.sensitivity` and `giemsa.specificity`, written `381/415`.
public struct ObservedRate: Sendable, Equatable {
  public var hits: Int
  public var count: Int

  /// - Parameter count: at least `hits`.
  public init(hits: Int, count: Int) {
    self.hits = hits
    self.count = count
  }

  /// Reads ``text``; nil if it is malformed: no two whole numbers, the first above the second, or more than 10¹².
  public init?(_ text: String) {
    let numbers = Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard numbers.count == 2, let hits = ObservedRate.number(numbers[0]), let count = ObservedRate.number(numbers[1]),
      hits <= count
    else { return nil }
    self.init(hits: hits, count: count)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 12 else { return nil }
    var number = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number
  }

  public var text: String { "\(hits)/\(count)" }
}
