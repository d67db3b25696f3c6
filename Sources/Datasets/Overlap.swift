import Text

/// What stands on both sides of a split and flatters whatever is measured there, and what stands under two labels.
public struct Overlap: Sendable, Equatable {
  /// Slides with pictures on both sides, by name.
  public let slides: [String]
  /// Pairs of pictures with the same pixels and the same label, one from each side, in the order of what was kept back:
  /// paths or names as given.
  public let pictures: [Pair]
  /// Pictures with the same pixels under two or more labels, on whatever side: the names of all of each, labels but one of
  /// which are wrong.
  public let contradictions: [[String]]

  public struct Pair: Sendable, Equatable {
    public var train: String
    public var valid: String
  }

  /// One picture of a side.
  public struct Entry: Sendable {
    /// What it is called in the result.
    public var name: String
    public var label: String
    /// Empty where it is not known.
    public var slide: String
    /// Of its pixels; empty where it is not known.
    public var hash: String

    public init(name: String, label: String, slide: String, hash: String) {
      self.name = name
      self.label = label
      self.slide = slide
      self.hash = hash
    }
  }

  /// - Parameter isKnownSlide: tells slides that were trained on too, though none of their pictures is in `train`.
  public init(train: [Entry], valid: [Entry], isKnownSlide: (String) -> Bool = { _ in false }) {
    let known = Set(train.map { $0.slide }).subtracting([""])
    slides = Set(valid.map { $0.slide }).subtracting([""]).filter { known.contains($0) || isKnownSlide($0) }.sorted()
    // Of the same pixels, the first picture with each label: labels by bytes, as folders are.
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
      // What was trained on may be judged too: it is told once.
      if seen.insert(ExactText(entry.name)).inserted { members[entry.hash, default: []].append(entry.name) }
    }
    self.pictures = pictures
    contradictions = contradicted.map { members[$0, default: []] }
  }

  /// One line for each kind of overlap, naming up to three pictures or slides, and first one for contradictions, which names
  /// up to twenty; none where there is none.
  ///
  /// - Parameters:
  ///   - where: what is wrong with them: `both in training and kept back`.
  ///   - advice: what to do about slides.
  public func warnings(_ where: String, advice: String = "") -> [String] {
    func list(_ names: [String], _ most: Int = 3, _ separator: String = ", ") -> String {
      names.prefix(most).joined(separator: separator) + (names.count > most ? ", and \(names.count - most) more" : "")
    }
    var lines: [String] = []
    if !contradictions.isEmpty {
      let names = contradictions.map { list($0, 20, " = ") }
      let what =
        contradictions.count == 1
        ? "contradiction: 1 picture stands" : "contradictions: \(contradictions.count) pictures stand"
      lines.append(
        "warning: \(what), pixel for pixel, under two labels (\(list(names, 20))): one label of each is wrong; mend or "
          + "remove it")
    }
    if !slides.isEmpty {
      let what = counted(slides.count, "slide") + (slides.count == 1 ? " has cells" : " have cells")
      lines.append("warning: \(what) \(`where`) (\(list(slides))): the results will flatter\(advice)")
    }
    if !pictures.isEmpty {
      let names = pictures.map { $0.train == $0.valid ? $0.train : "\($0.valid) = \($0.train)" }
      let what = counted(pictures.count, "picture") + (pictures.count == 1 ? " is" : " are")
      lines.append("warning: \(what), pixel for pixel, \(`where`) (\(list(names))): the results will flatter")
    }
    return lines
  }
}
