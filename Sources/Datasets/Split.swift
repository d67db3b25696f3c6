/// How validation pictures are chosen.
public enum SplitKind: String, Sendable, CaseIterable {
  /// Each class is shuffled and divided: the same fraction of every class.
  case random
  /// By slide: no slide has pictures on both sides, so that validation uses stains and patients that training did not
  /// see.
  case slide
}

/// Training and validation pictures as sorted indices into a folder's items. Each item is in exactly one of them.
public struct Split: Sendable, Equatable {
  public let train: [Int]
  public let valid: [Int]

  init(train: [Int], valid: [Int]) {
    self.train = train
    self.valid = valid
  }

  /// The same folder, fraction and seed give the same split.
  public init(_ folder: CellFolder, kind: SplitKind, validFraction: Double, seed: UInt64) throws {
    guard validFraction > 0, validFraction < 1 else {
      throw DatasetError("the validation fraction is \(validFraction); it must be between 0 and 1")
    }
    let isValid =
      switch kind {
      case .random: try Split.random(folder, validFraction, seed)
      case .slide: try Split.bySlide(folder, validFraction, seed)
      }
    train = folder.items.indices.filter { !isValid[$0] }
    valid = folder.items.indices.filter { isValid[$0] }
  }

  private static func random(_ folder: CellFolder, _ fraction: Double, _ seed: UInt64) throws -> [Bool] {
    var isValid = [Bool](repeating: false, count: folder.items.count)
    for label in folder.classes.indices {
      var indices = folder.items.indices.filter { folder.items[$0].label == label }
      guard indices.count > 1 else {
        throw DatasetError(
          "\(folder.path)/\(folder.classes[label]): one picture cannot be on both sides of a split; add more")
      }
      var random = RandomSource(seed: seed, stream: UInt64(label))
      random.shuffle(&indices)
      let wanted = Int((Double(indices.count) * fraction).rounded())
      for index in indices.prefix(min(max(wanted, 1), indices.count - 1)) { isValid[index] = true }
    }
    return isValid
  }

  /// Tries many orders of the slides. In each, it moves a slide to the validation set whenever that brings the
  /// fractions of the classes closer to the wanted one. It keeps the best result: fractions as wanted, and from as many
  /// slides as possible. Pictures of one slide are alike, so a thousand from four slides say less about the next
  /// patient than a thousand from forty.
  private static func bySlide(_ folder: CellFolder, _ fraction: Double, _ seed: UInt64) throws -> [Bool] {
    if let item = folder.items.first(where: { $0.slide.isEmpty }) {
      throw DatasetError(
        "\(item.path): the name does not show its slide (the part before _IMG or _cell); use --split random")
    }
    var slides: [String: Int] = [:]
    var counts: [[Int]] = []
    for item in folder.items {
      let next = slides.count
      let slide = slides[item.slide, default: next]
      if slide == next {
        slides[item.slide] = slide
        counts.append([Int](repeating: 0, count: folder.classes.count))
      }
      counts[slide][item.label] += 1
    }
    let totals = folder.counts
    let wanted = totals.map { Double($0) * fraction }

    // Squared distance of each class's fraction from the wanted one, plus that of all pictures together.
    func distance(_ valid: [Int]) -> Double {
      var sum = 0.0
      for label in valid.indices {
        let off = (Double(valid[label]) - wanted[label]) / Double(totals[label])
        sum += off * off
        // A side without one of the classes is useless, whatever the fractions are.
        if valid[label] == 0 || valid[label] == totals[label] { sum += 100 }
      }
      let all = totals.reduce(0, +)
      let off = Double(valid.reduce(0, +)) / Double(all) - fraction
      return sum + off * off
    }

    // Concentration: how much a class depends on single slides: Σ (slide's fraction of the class's validation
    // pictures)², averaged over classes; 1/40 for forty slides of the same size.
    func concentration(_ valid: [Int], _ slides: Set<Int>) -> Double {
      var sum = 0.0
      for slide in slides {
        for label in valid.indices {
          let share = Double(counts[slide][label]) / Double(max(valid[label], 1))
          sum += share * share
        }
      }
      return sum / Double(valid.count)
    }

    var random = RandomSource(seed: seed, stream: 0x511D)
    var best: (cost: Double, distance: Double, slides: Set<Int>) = (.infinity, .infinity, [])
    for _ in 0..<256 {
      var valid = [Int](repeating: 0, count: folder.classes.count)
      var chosen: Set<Int> = []
      var current = Double.infinity
      for slide in random.permutation(counts.count) {
        let with = zip(valid, counts[slide]).map { $0 + $1 }
        let reached = distance(with)
        // The penalty for missing classes decreases step by step, so the first slides are always accepted.
        if reached < current {
          current = reached
          valid = with
          chosen.insert(slide)
        }
      }
      // A deviation of one percentage point costs as much as 0.02 of concentration.
      let cost = current.squareRoot() * 2 + concentration(valid, chosen)
      if cost < best.cost { best = (cost, current, chosen) }
    }
    guard best.distance < 100 else {
      throw DatasetError(
        "\(folder.path): its \(counts.count) slides cannot be divided so that every class is on both sides; "
          + "use --split random")
    }
    return folder.items.map { slides[$0.slide].map { best.slides.contains($0) } ?? false }
  }
}
