/// What stands on both sides of a split and flatters whatever is measured there.
public struct Overlap: Sendable, Equatable {
  /// Slides with pictures on both sides, by name.
  public let slides: [String]
  /// Pairs of pictures with the same pixels, one from each side, in the order of what was kept back: paths or names as
  /// given.
  public let pictures: [Pair]

  public struct Pair: Sendable, Equatable {
    public var train: String
    public var valid: String
  }

  /// One picture of a side.
  public struct Entry: Sendable {
    /// What it is called in the result.
    public var name: String
    /// Empty where it is not known.
    public var slide: String
    /// Of its pixels; empty where it is not known.
    public var hash: String

    public init(name: String, slide: String, hash: String) {
      self.name = name
      self.slide = slide
      self.hash = hash
    }
  }

  public init(train: [Entry], valid: [Entry]) {
    let known = Set(train.map { $0.slide }).subtracting([""])
    slides = Set(valid.map { $0.slide }).intersection(known).sorted()
    var owners: [String: String] = [:]
    for entry in train where owners[entry.hash] == nil && !entry.hash.isEmpty { owners[entry.hash] = entry.name }
    pictures = valid.compactMap { entry in owners[entry.hash].map { Pair(train: $0, valid: entry.name) } }
  }

  /// One line for each kind of overlap, naming up to three; none where there is none.
  ///
  /// - Parameters:
  ///   - where: what is wrong with them: `both in training and kept back`.
  ///   - advice: what to do about slides.
  public func warnings(_ where: String, advice: String = "") -> [String] {
    func list(_ names: [String]) -> String {
      names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
    var lines: [String] = []
    if !slides.isEmpty {
      let what = slides.count == 1 ? "1 slide has cells" : "\(slides.count) slides have cells"
      lines.append("warning: \(what) \(`where`) (\(list(slides))): the results will flatter\(advice)")
    }
    if !pictures.isEmpty {
      let names = pictures.map { $0.train == $0.valid ? $0.train : "\($0.valid) = \($0.train)" }
      let what = pictures.count == 1 ? "1 picture is" : "\(pictures.count) pictures are"
      lines.append("warning: \(what), pixel for pixel, \(`where`) (\(list(names))): the results will flatter")
    }
    return lines
  }
}
