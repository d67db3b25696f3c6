import ModelGraph
import Text

/// Information that ONNX has no field for, stored in `metadata_props` under the keys below (docs/METADATA.md).
///
/// Numbers are written so that they read back exactly, lists as JSON arrays that any tool can read.
public struct ModelMetadata: Sendable {
  public enum Interpolation: String, Sendable {
    case bilinear
  }

  public enum ChannelOrder: String, Sendable {
    case rgb = "RGB"
    case bgr = "BGR"
  }

  /// How colours are centred, if not by `mean`.
  public enum Centering: String, Sendable {
    /// The cell's own mean colour is subtracted, which reduces the effect of stain and lamp. For each channel it is the
    /// mean over the cell, which is every pixel with a channel above ``cellThreshold``. The background becomes 0, the
    /// cell ``scale`` × (value − mean), with a spread similar to that of ImageNet's pictures under its mean and std.
    case cell

    /// After resizing, the black around a cell is not quite black at the edge.
    public static let cellThreshold: UInt8 = 8

    /// Whether a pixel belongs to the cell.
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
  /// Key `giemsa.resize`: length in pixels of the shorter side before the centre crop to `inputSize` (if the crop is
  /// larger, borders are reflected); nil: both sides are resized to `inputSize`.
  public var resize: Int?
  /// Key `giemsa.mean`, `giemsa.std`: per channel, for values in 0...1; empty if colours are centred.
  public var mean: [Float] = []
  public var std: [Float] = []
  /// Key `giemsa.centering`, replacing mean and std, so that a reader that does not know it cannot misinterpret the
  /// model.
  public var centering: Centering?
  /// Key `giemsa.interpolation`.
  public var interpolation = Interpolation.bilinear
  /// Key `giemsa.channel_order`.
  public var channelOrder = ChannelOrder.rgb
  /// Key `giemsa.bits`: bits of a picture's 16-bit samples that are data; 16 unless given.
  public var bits: Int?
  /// Key `giemsa.positive`: the positive class, one of `classes`; nil if unknown.
  public var positive: String?
  /// Key `giemsa.threshold`: the probability of `positive` from which a picture counts as positive; nil: the likeliest
  /// class is taken. ``decision`` applies it.
  public var threshold: Double?
  /// Keys `giemsa.sensitivity` and `giemsa.specificity`: right answers among the positive and among the other validation
  /// pictures, by ``decision``; nil if unknown.
  public var sensitivity: ObservedRate?
  public var specificity: ObservedRate?
  /// Key `giemsa.looks`: in how many orientations cells of fields are judged, 1 or 8; their mean probability counts, and
  /// threshold, sensitivity and specificity refer to it. 1 unless given.
  public var looks: Int?
  /// Key `giemsa.cell`: how the pictures were cut out of fields; nil if unknown.
  public var cell: CellCut?
  /// Key `giemsa.training_slides`: hashes of the training slides, twelve hexadecimal digits each, separated by spaces
  /// (docs/METADATA.md); empty if unknown.
  public var trainingSlides = ""
  /// Key `giemsa.training`: the training settings and results, as JSON.
  public var training = ""

  public init() {}

  /// Which of `classes` a picture counts as.
  public var decision: ClassDecision {
    let index = positive.flatMap { name in classes.firstIndex { $0.isExactly(name) } }
    return ClassDecision(positive: index, threshold: threshold)
  }

  public var saysHowColorsAreNormalized: Bool { centering != nil || !mean.isEmpty }

  /// Limits for the metadata of any picture classifier.
  public enum Bound {
    static let classes = 65536
    /// Bytes of a class's name.
    static let name = 1024
    /// Pixels of a side of a model's input.
    public static let sides = 1...16384
    /// Bits of a 16-bit sample that are data.
    public static let bits = 8...16
    /// Orientations in which a cell is judged.
    public static let looks = [1, 8]
    /// Means and deviations refer to values from 0 to 1; a smaller deviation would turn pixels into infinities.
    static let mean = 1e6
    static let std = 1e-6...1e6
  }

  /// Reads a graph's metadata. Absent keys keep their defaults; malformed and duplicate keys throw E215.
  public init(_ entries: [(key: String, value: String)]) throws(GraphError) {
    var given: Set<ExactText> = []
    for (key, value) in entries where key.utf8.starts(with: "giemsa.".utf8) {
      guard given.insert(ExactText(key)).inserted else { throw ModelMetadata.bad(key, "is given twice") }
      switch key {
      case "giemsa.classes": classes = try ModelMetadata.classes(value, key)
      case "giemsa.input_size":
        inputSize = try ModelMetadata.pixels(value, key)
        guard inputSize.count == 2 else { throw ModelMetadata.bad(key, "must be [height, width]") }
      case "giemsa.resize":
        let sides = try ModelMetadata.pixels("[\(value)]", key)
        guard sides.count == 1 else { throw ModelMetadata.bad(key, "must be one number of pixels") }
        resize = sides[0]
      case "giemsa.mean":
        mean = try ModelMetadata.floats(value, key, within: -Bound.mean...Bound.mean)
      case "giemsa.std": std = try ModelMetadata.floats(value, key, within: Bound.std)
      case "giemsa.centering":
        guard let known = Centering(rawValue: value) else { throw ModelMetadata.bad(key, "'\(value)' is not known") }
        centering = known
      case "giemsa.interpolation":
        guard let known = Interpolation(rawValue: value) else {
          throw ModelMetadata.bad(key, "'\(value)' is not known")
        }
        interpolation = known
      case "giemsa.channel_order":
        guard let known = ChannelOrder(rawValue: value) else { throw ModelMetadata.bad(key, "'\(value)' is not known") }
        channelOrder = known
      case "giemsa.bits":
        guard let number = Int(value), Bound.bits.contains(number) else {
          throw ModelMetadata.bad(key, "must be a whole number from 8 to 16")
        }
        bits = number
      case "giemsa.positive": positive = value
      case "giemsa.threshold":
        guard let number = NumberText.parse(value), number > 0, number < 1 else {
          throw ModelMetadata.bad(key, "must be a probability between 0 and 1")
        }
        threshold = number
      case "giemsa.sensitivity": sensitivity = try ModelMetadata.rate(value, key)
      case "giemsa.specificity": specificity = try ModelMetadata.rate(value, key)
      case "giemsa.looks":
        guard let number = Int(value), Bound.looks.contains(number) else {
          throw ModelMetadata.bad(key, "must be 1 or 8")
        }
        looks = number
      case "giemsa.cell":
        guard let known = CellCut(value) else {
          throw ModelMetadata.bad(key, "'\(value)' is not known; it is like 'real 0.15'")
        }
        cell = known
      case "giemsa.training_slides":
        guard ModelMetadata.isListOfHashes(value) else {
          throw ModelMetadata.bad(key, "must be hashes of 12 hexadecimal digits with spaces between them")
        }
        trainingSlides = value
      case "giemsa.training": training = value
      default: continue  // the card, and keys of later versions
      }
    }
    if let positive, !classes.isEmpty, !classes.contains(where: { $0.isExactly(positive) }) {
      throw ModelMetadata.bad("giemsa.positive", "'\(positive)' is none of giemsa.classes")
    }
    guard threshold == nil || positive != nil && !classes.isEmpty else {
      throw ModelMetadata.bad("giemsa.threshold", "needs giemsa.positive and giemsa.classes")
    }
    guard mean.count == std.count else {
      throw ModelMetadata.bad("giemsa.std", "has \(std.count) numbers; giemsa.mean has \(mean.count)")
    }
  }

  private static func bad(_ key: String, _ why: String) -> GraphError {
    GraphError(.badMetadata, "metadata '\(key)' \(why)")
  }

  private static func rate(_ value: String, _ key: String) throws(GraphError) -> ObservedRate {
    guard let rate = ObservedRate(value) else { throw bad(key, "must be two whole numbers such as 381/415") }
    return rate
  }

  private static func list<Element>(
    _ value: String, _ key: String, _ read: (String) throws(JSONList.Refusal) -> [Element]
  ) throws(GraphError) -> [Element] {
    do { return try read(value) } catch { throw bad(key, error.why) }
  }

  private static func isListOfHashes(_ text: String) -> Bool {
    var digits = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): digits += 1
      case UInt8(ascii: " ") where digits == 12: digits = 0
      default: return false
      }
      if digits > 12 { return false }
    }
    return digits == 12 || text.utf8.isEmpty
  }

  private static func classes(_ value: String, _ key: String) throws(GraphError) -> [String] {
    let names = try list(value, key, JSONList.strings)
    guard !names.isEmpty else { throw ModelMetadata.bad(key, "names no class") }
    guard names.count <= Bound.classes else { throw ModelMetadata.bad(key, "names more than \(Bound.classes) classes") }
    var known: Set<ExactText> = []
    for (index, name) in names.enumerated() {
      guard !name.isEmpty else { throw ModelMetadata.bad(key, "gives class \(index) no name") }
      guard name.utf8.count <= Bound.name else {
        throw ModelMetadata.bad(key, "gives class \(index) a name of more than \(Bound.name) bytes")
      }
      guard known.insert(ExactText(name)).inserted else {
        throw ModelMetadata.bad(key, "gives two classes the name '\(name)'; their answers could not be told apart")
      }
    }
    return names
  }

  private static func pixels(_ value: String, _ key: String) throws(GraphError) -> [Int] {
    var sides: [Int] = []
    for number in try list(value, key, JSONList.numbers) {
      guard let side = Int(exactly: number), Bound.sides.contains(side) else {
        throw ModelMetadata.bad(key, "must be whole numbers of pixels from 1 to \(Bound.sides.upperBound)")
      }
      sides.append(side)
    }
    return sides
  }

  private static func floats(
    _ value: String, _ key: String, within range: ClosedRange<Double>
  ) throws(GraphError) -> [Float] {
    var floats: [Float] = []
    for number in try list(value, key, JSONList.numbers) {
      guard range.contains(number) else {
        let (low, high) = (NumberText.shortest(range.lowerBound), NumberText.shortest(range.upperBound))
        throw ModelMetadata.bad(key, "must be numbers from \(low) to \(high), for pixels from 0 to 1")
      }
      floats.append(Float(number))
    }
    return floats
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
    if let bits { entries.append(("giemsa.bits", "\(bits)")) }
    if let positive { entries.append(("giemsa.positive", positive)) }
    if let threshold { entries.append(("giemsa.threshold", NumberText.shortest(threshold))) }
    if let sensitivity { entries.append(("giemsa.sensitivity", sensitivity.text)) }
    if let specificity { entries.append(("giemsa.specificity", specificity.text)) }
    if let looks { entries.append(("giemsa.looks", "\(looks)")) }
    if let cell { entries.append(("giemsa.cell", cell.text)) }
    if !trainingSlides.isEmpty { entries.append(("giemsa.training_slides", trainingSlides)) }
    if !training.isEmpty { entries.append(("giemsa.training", training)) }
    return entries
  }
}
