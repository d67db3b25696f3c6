import Text

/// What ONNX has no field for, kept in `metadata_props` under the keys below (docs/METADATA.md).
///
/// Numbers are written so that they read back exactly; lists as JSON arrays, so that any tool can read them.
public struct ModelMetadata: Sendable {
  public enum Interpolation: String, Sendable {
    case bilinear
  }

  public enum ChannelOrder: String, Sendable {
    case rgb = "RGB"
    case bgr = "BGR"
  }

  /// What colours are measured from, where that is not `mean`.
  public enum Centering: String, Sendable {
    /// The cell's own colour, so that stains and lamps count less: of each channel the mean over the cell, which is every
    /// pixel with a channel above ``cellThreshold``. The background around it becomes 0, the cell
    /// ``scale`` × (value − mean), about as far spread as ImageNet's pictures are by its mean and std.
    case cell

    /// Resized, the black around a cell is not quite black at its edge.
    public static let cellThreshold: UInt8 = 8

    /// Whether a pixel is of the cell.
    @inline(__always)
    public static func isCell(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Bool {
      max(red, green, blue) > cellThreshold
    }

    public static let scale: Float = 4
  }

  /// Key `giemsa.classes`: names in the order of the logits.
  public var classes: [String] = []
  /// Key `giemsa.input_size`: `[height, width]` of the tensor.
  public var inputSize: [Int] = []
  /// Key `giemsa.resize`: the shorter side (in pixels) that a picture is resized to before the centre crop to
  /// `inputSize` (less than that: borders are reflected); nil: resized straight to `inputSize`.
  public var resize: Int?
  /// Key `giemsa.mean`, `giemsa.std`: per channel, for values in 0...1; empty where colours are centred.
  public var mean: [Float] = []
  public var std: [Float] = []
  /// Key `giemsa.centering`, instead of mean and std: a reader that does not know it cannot take the model for another.
  public var centering: Centering?
  /// Key `giemsa.interpolation`.
  public var interpolation = Interpolation.bilinear
  /// Key `giemsa.channel_order`.
  public var channelOrder = ChannelOrder.rgb
  /// Key `giemsa.positive`: the class that a test looks for, one of `classes`; nil where nobody said.
  public var positive: String?
  /// Key `giemsa.training_slides`: hashes of the slides trained on, twelve hexadecimal digits each, with a space between
  /// two (docs/METADATA.md); empty where that is not known.
  public var trainingSlides = ""
  /// Key `giemsa.training`: how the model was made, as JSON.
  public var training = ""

  public init() {}

  public var saysHowColorsAreNormalized: Bool { centering != nil || !mean.isEmpty }

  /// From a graph's metadata; absent keys keep their defaults, malformed ones throw E215.
  public init(_ entries: [(key: String, value: String)]) throws(GraphError) {
    for (key, value) in entries {
      switch key {
      case "giemsa.classes": classes = try JSONList.strings(value, key)
      case "giemsa.input_size": inputSize = try JSONList.numbers(value, key).map { Int($0) }
      case "giemsa.resize": resize = try JSONList.numbers("[\(value)]", key).first.map { Int($0) }
      case "giemsa.mean": mean = try JSONList.numbers(value, key).map { Float($0) }
      case "giemsa.std": std = try JSONList.numbers(value, key).map { Float($0) }
      case "giemsa.centering":
        guard let known = Centering(rawValue: value) else { throw JSONList.bad(key, "'\(value)' is not known") }
        centering = known
      case "giemsa.interpolation":
        guard let known = Interpolation(rawValue: value) else { throw JSONList.bad(key, "'\(value)' is not known") }
        interpolation = known
      case "giemsa.channel_order":
        guard let known = ChannelOrder(rawValue: value) else { throw JSONList.bad(key, "'\(value)' is not known") }
        channelOrder = known
      case "giemsa.positive": positive = value
      case "giemsa.training_slides": trainingSlides = value
      case "giemsa.training": training = value
      default: continue  // somebody else's
      }
    }
    if let positive, !classes.isEmpty, !classes.contains(where: { $0.isExactly(positive) }) {
      throw JSONList.bad("giemsa.positive", "'\(positive)' is none of giemsa.classes")
    }
    guard inputSize.isEmpty || inputSize.count == 2 && inputSize.allSatisfy({ $0 > 0 && $0 <= 16384 }) else {
      throw JSONList.bad("giemsa.input_size", "must be [height, width], each from 1 to 16384")
    }
    if let resize, resize < 1 || resize > 16384 { throw JSONList.bad("giemsa.resize", "must be from 1 to 16384") }
    guard mean.count == std.count, std.allSatisfy({ $0 > 0 }) else {
      throw JSONList.bad("giemsa.std", "must be positive, one for each giemsa.mean")
    }
  }

  public var entries: [(key: String, value: String)] {
    var entries: [(key: String, value: String)] = []
    if !classes.isEmpty { entries.append(("giemsa.classes", JSONList.text(classes))) }
    if !inputSize.isEmpty { entries.append(("giemsa.input_size", JSONList.text(inputSize.map { Double($0) }))) }
    if let resize { entries.append(("giemsa.resize", "\(resize)")) }
    if !mean.isEmpty { entries.append(("giemsa.mean", JSONList.text(mean.map { Double($0) }))) }
    if !std.isEmpty { entries.append(("giemsa.std", JSONList.text(std.map { Double($0) }))) }
    if let centering { entries.append(("giemsa.centering", centering.rawValue)) }
    entries.append(("giemsa.interpolation", interpolation.rawValue))
    entries.append(("giemsa.channel_order", channelOrder.rawValue))
    if let positive { entries.append(("giemsa.positive", positive)) }
    if !trainingSlides.isEmpty { entries.append(("giemsa.training_slides", trainingSlides)) }
    if !training.isEmpty { entries.append(("giemsa.training", training)) }
    return entries
  }
}

/// Flat JSON arrays of strings or numbers: all the JSON the field program reads.
enum JSONList {
  static func bad(_ key: String, _ why: String) -> GraphError { GraphError(.badMetadata, "metadata '\(key)' \(why)") }

  static func text(_ numbers: [Double]) -> String {
    var text = "["
    for (index, number) in numbers.enumerated() {
      if index > 0 { text += ", " }
      text += NumberText.shortest(number)
    }
    return text + "]"
  }

  static func text(_ strings: [String]) -> String {
    var text = "["
    for (index, string) in strings.enumerated() {
      if index > 0 { text += ", " }
      text += JSONText.quoted(string)
    }
    return text + "]"
  }

  static func numbers(_ text: String, _ key: String) throws(GraphError) -> [Double] {
    var bytes = Array(text.utf8)
    guard bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]"), bytes.count >= 2 else {
      throw bad(key, "is not a JSON list of numbers")
    }
    bytes = Array(bytes[1..<(bytes.count - 1)])
    bytes.removeAll { $0 == UInt8(ascii: " ") }
    if bytes.isEmpty { return [] }
    var numbers: [Double] = []
    for piece in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let number = NumberText.parse(String(decoding: piece, as: UTF8.self)), number.magnitude < 1e15 else {
        throw bad(key, "is not a JSON list of numbers")
      }
      numbers.append(number)
    }
    return numbers
  }

  static func strings(_ text: String, _ key: String) throws(GraphError) -> [String] {
    let bytes = Array(text.utf8)
    var strings: [String] = []
    var at = 0
    func skipSpace() { while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A { at += 1 } }
    func take(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }
    guard take("[") else { throw bad(key, "is not a JSON list of strings") }
    if !take("]") {
      repeat {
        guard take("\"") else { throw bad(key, "is not a JSON list of strings") }
        var string: [UInt8] = []
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
          if bytes[at] == UInt8(ascii: "\\") {
            guard at + 1 < bytes.count else { break }
            at += 1
            switch bytes[at] {
            case UInt8(ascii: "n"): string.append(0x0A)
            case UInt8(ascii: "t"): string.append(0x09)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): string.append(bytes[at])
            case UInt8(ascii: "u"):
              var code: UInt32 = 0
              for _ in 0..<4 {
                at += 1
                guard at < bytes.count, let digit = hexDigit(bytes[at]) else {
                  throw bad(key, "has a broken \\u escape")
                }
                code = code << 4 | digit
              }
              guard let scalar = Unicode.Scalar(code) else {
                throw bad(key, "has a \\u escape outside the basic plane")
              }
              string += Array(String(Character(scalar)).utf8)
            default: throw bad(key, "has an unknown escape")
            }
          } else {
            string.append(bytes[at])
          }
          at += 1
        }
        guard take("\"") else { throw bad(key, "is not a JSON list of strings") }
        strings.append(String(decoding: string, as: UTF8.self))
      } while take(",")
      guard take("]") else { throw bad(key, "is not a JSON list of strings") }
    }
    skipSpace()
    guard at == bytes.count else { throw bad(key, "has something after its list") }
    return strings
  }

  private static func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
