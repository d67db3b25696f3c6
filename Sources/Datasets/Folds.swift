/// Divides a folder's pictures into K parts for cross-validation: each picture is in the validation set of exactly one
/// of K runs.
///
/// If the names show slides, all pictures of a slide are in the same part, each class is spread as evenly as the slides
/// allow, and large slides are spread too, so that no part depends on a few patients. Otherwise single pictures are
/// divided.
public struct Folds: Sendable {
  /// The part that each of the folder's items is in, from 0.
  public let parts: [Int]
  public let count: Int
  /// Whether whole slides are divided; false if the names do not show slides.
  public let isBySlide: Bool

  /// The same folder, count and seed give the same parts.
  public init(_ folder: CellFolder, count: Int, seed: UInt64) throws {
    guard count > 1 else { throw DatasetError("\(count) folds: at least 2 are needed") }
    self.count = count
    isBySlide = folder.showsSlides
    let groups = Dictionary(grouping: folder.items.indices) {
      folder.showsSlides ? folder.items[$0].slide : folder.items[$0].path
    }
    let names = groups.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    let totals = folder.counts.map { Double($0) }
    // For each group, its fraction of every class and, last, of all pictures.
    let shares = names.map { name in
      var share = [Double](repeating: 0, count: totals.count + 1)
      for index in groups[name] ?? [] {
        share[folder.items[index].label] += 1 / totals[folder.items[index].label]
        share[totals.count] += 1 / Double(folder.items.count)
      }
      return share
    }
    var random = RandomSource(seed: seed, stream: 0xF01D)
    var best: Dealing?
    for _ in 0..<(names.count > 400 ? 1 : 16) {
      let dealing = Dealing(shares, count, &random)
      if dealing.cost < best?.cost ?? .infinity { best = dealing }
    }
    var parts = [Int](repeating: 0, count: folder.items.count)
    for (name, part) in zip(names, best?.part ?? []) {
      for index in groups[name] ?? [] { parts[index] = part }
    }
    for part in 0..<count {
      for label in folder.classes.indices
      where !folder.items.indices.contains(where: { parts[$0] == part && folder.items[$0].label == label }) {
        let what = isBySlide ? "slides" : "pictures"
        throw DatasetError(
          "\(folder.path): its \(names.count) \(what) cannot be divided into \(count) folds with every class in each "
            + "(\(folder.classes[label])); ask for fewer --folds")
      }
    }
    self.parts = parts
  }

  /// - Parameter fold: from 0.
  public func split(_ fold: Int) -> Split {
    Split(train: parts.indices.filter { parts[$0] != fold }, valid: parts.indices.filter { parts[$0] == fold })
  }
}

/// One attempt: assigns the groups, large ones first and otherwise in random order, each to the part where it increases
/// the cost least; then moves and swaps groups while that helps.
private struct Dealing {
  private(set) var part: [Int]
  private(set) var cost: Double
  private let shares: [[Double]]
  /// For each part the sums of the groups' fractions; the last entry sums their squares, the weight of large groups.
  private var sums: [[Double]]

  init(_ shares: [[Double]], _ parts: Int, _ random: inout RandomSource) {
    let squares = shares.map { $0.dropLast().reduce(0) { $0 + $1 * $1 } }
    let all = max(squares.reduce(0, +), 1e-300)
    // Weight 0.3: separating large slides matters, but less than an even spread of every class.
    self.shares = zip(shares, squares).map { $0 + [0.3 * $1 / all] }
    let width = (shares.first?.count ?? 0) + 1
    sums = [[Double]](repeating: [Double](repeating: 0, count: width), count: parts)
    part = [Int](repeating: -1, count: shares.count)
    cost = .infinity
    let keys = shares.map { ($0.max() ?? 0) * random.uniform(0.7...1.3) }
    let permutation = random.permutation(shares.count)
    for group in permutation.sorted(by: { keys[$0] > keys[$1] }) {
      let target = sums.indices.min { added(group, $0) < added(group, $1) } ?? 0
      put(group, target)
    }
    improve()
    cost = sums.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
  }

  /// The increase of the sum of all squared sums, which is least for equal sums.
  private func added(_ group: Int, _ part: Int) -> Double {
    var growth = 0.0
    for (share, sum) in zip(shares[group], sums[part]) { growth += share * (2 * sum + share) }
    return growth
  }

  private mutating func put(_ group: Int, _ target: Int) {
    for column in shares[group].indices {
      if part[group] >= 0 { sums[part[group]][column] -= shares[group][column] }
      sums[target][column] += shares[group][column]
    }
    part[group] = target
  }

  private mutating func improve() {
    let exchanges = shares.count <= 400
    for _ in 0..<20 {
      var hasChanged = false
      for group in shares.indices {
        let home = part[group]
        for target in sums.indices where target != part[group] {
          let before = costOf(part[group], target)
          let old = part[group]
          put(group, target)
          if costOf(old, target) > before - 1e-12 { put(group, old) }
        }
        hasChanged = hasChanged || part[group] != home
        guard exchanges else { continue }
        for other in shares.indices where other > group && part[other] != part[group] {
          let (a, b) = (part[group], part[other])
          let before = costOf(a, b)
          put(group, b)
          put(other, a)
          if costOf(a, b) > before - 1e-12 {
            put(group, a)
            put(other, b)
          } else {
            hasChanged = true
          }
        }
      }
      if !hasChanged { break }
    }
  }

  private func costOf(_ a: Int, _ b: Int) -> Double {
    sums[a].reduce(0) { $0 + $1 * $1 } + sums[b].reduce(0) { $0 + $1 * $1 }
  }
}

extension CellFolder {
  /// Whether every name shows its slide, and there is more than one slide.
  public var showsSlides: Bool {
    items.allSatisfy { !$0.slide.isEmpty } && Set(items.map { $0.slide }).count > 1
  }
}
