import Platform
import Text

/// Parts of a description as command lines have them; nil if the text is malformed.
extension PictureClassifier.Description {
  /// `224` or `64x48`: height and width.
  package static func size(_ text: String) -> (height: Int, width: Int)? {
    let parts = Array(text.utf8).split(separator: UInt8(ascii: "x"), omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    guard parts.count == 1 || parts.count == 2, parts.allSatisfy({ PictureClassifier.inputSides.contains($0) }) else {
      return nil
    }
    return (parts[0], parts[parts.count - 1])
  }

  /// Three numbers with commas, or one, each from `least` to 1000.
  package static func colors(_ text: String, from least: Double) -> [Float]? {
    let parts = names(text)
    var numbers: [Float] = []
    for part in parts {
      if let number = NumberText.parse(part), number >= least, number <= 1000 { numbers.append(Float(number)) }
    }
    return (parts.count == 3 || parts.count == 1) && numbers.count == parts.count ? numbers : nil
  }

  /// Names with commas between them, as they are.
  package static func names(_ text: String) -> [String] {
    Array(text.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// `1` or `255`
  package static func range(_ text: String) -> Float? { text == "1" ? 1 : text == "255" ? 255 : nil }

  /// What messages call the parts of a description that options give.
  package static var optionNames: Names {
    var names = Names()
    (names.size, names.mean, names.std, names.classes) = ("--size", "--mean", "--std", "--classes")
    (names.bits, names.range) = ("--bits", "--range")
    names.toOverride = "add --override"
    return names
  }
}
