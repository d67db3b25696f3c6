import Text

/// Pictures and slides on both sides of a split, which make the results look better than they are, and pictures that
/// are in two classes.
public struct Overlap: Sendable, Equatable {
  /// Names of the slides with pictures on both sides, sorted.
  public let slides: [String]
  /// Pairs of pictures with the same pixels and the same label, one from each side, in the order of the validation
  /// pictures: paths or names as given.
  public let pictures: [Pair]
  /// Groups of pictures with the same pixels but different labels, on either side. At most one label of each group is
  /// right.
  public let contradictions: [[String]]

  public struct Pair: Sendable, Equatable {
    public var train: String
    public var valid: String
  }

  /// One picture of one side.
  public struct Entry: Sendable {
    /// The picture's name in the result.
    public var name: String
    public var label: String
    /// The slide; empty if unknown.
    public var slide: String
    /// Hash of the pixels; empty if unknown.
    public var hash: String

    public init(name: String, label: String, slide: String, hash: String) {
      self.name = name
      self.label = label
      self.slide = slide
      self.hash = hash
    }
  }

  /// - Parameter isKnownSlide: returns whether a slide was trained on, although none of its pictures is in `train`.
  public init(train: [Entry], valid: [Entry], isKnownSlide: (String) -> Bool = { _ in false }) {
    let known = Set(train.map { $0.slide }).subtracting([""])
    slides = Set(valid.map { $0.slide }).subtracting([""]).filter { known.contains($0) || isKnownSlide($0) }.sorted()
    // For each pixel hash, the first picture with each label. Labels are compared by bytes, as folder names are.
    var owners: [String: [(entry: Entry, isTrained: Bool)]] = [:]
    var members: [String: [String]] = [:]
    var contradicted: [String] = []
    var seen: Set<ExactText> = []
    var pictures: [Pair] = []
    for (entry, isTrained) in train.map({ ($0, true) }) + valid.map({ ($0, false) }) where !entry.hash.isEmpty {
      let others = owners[entry.hash, default: []]
      if let same = others.first(where: { $0.entry.label.isExactly(entry.label) }) {
        if same.isTrained, !isTrained { pictures.append(Pair(train: same.entry.name, valid: entry.name)) }
      } else {
        owners[entry.hash, default: []].append((entry, isTrained))
        if others.count == 1 { contradicted.append(entry.hash) }
      }
      // A training picture may be in `valid` as well; it is reported once.
      if seen.insert(ExactText(entry.name)).inserted { members[entry.hash, default: []].append(entry.name) }
    }
    self.pictures = pictures
    contradictions = contradicted.map { members[$0, default: []] }
  }

  /// One line per kind of overlap, naming up to three pictures or slides. The first line is about contradictory labels
  /// and names up to twenty. Empty if there is no overlap.
  ///
  /// - Parameters:
  ///   - where: says where the overlap is: `in both training and validation`.
  ///   - advice: appended to the line about slides.
  public func warnings(_ where: String, advice: String = "") -> [String] {
    func list(_ names: [String], _ most: Int = 3, _ separator: String = ", ") -> String {
      names.prefix(most).joined(separator: separator) + (names.count > most ? ", and \(names.count - most) more" : "")
    }
    var lines: [String] = []
    if !contradictions.isEmpty {
      let names = contradictions.map { list($0, 20, " = ") }
      let what =
        contradictions.count == 1
        ? "contradiction: 1 picture is" : "contradictions: \(contradictions.count) pictures are"
      lines.append(
        "warning: \(what), pixel for pixel, in two classes (\(list(names, 20))): one label of each is wrong; correct or "
          + "remove it")
    }
    if !slides.isEmpty {
      let what = counted(slides.count, "slide") + (slides.count == 1 ? " has cells" : " have cells")
      lines.append("warning: \(what) \(`where`) (\(list(slides))): the results will be too good\(advice)")
    }
    if !pictures.isEmpty {
      let names = pictures.map { $0.train == $0.valid ? $0.train : "\($0.valid) = \($0.train)" }
      let what = counted(pictures.count, "picture") + (pictures.count == 1 ? " is" : " are")
      lines.append("warning: \(what), pixel for pixel, \(`where`) (\(list(names))): the results will be too good")
    }
    return lines
  }
}
