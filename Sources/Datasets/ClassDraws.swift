/// How many pictures of each class an epoch draws, so that a rare class is seen more often than it occurs.
///
/// Within a class, pictures are drawn in rounds: each round draws every picture once, in random order, and continues in
/// the next epoch. So no picture is drawn twice before all others of its class were.
public struct ClassDraws: Sendable, Equatable {
  /// The draws of one epoch, by class.
  public let counts: [Int]

  /// - Parameters:
  ///   - pictures: the number of pictures of each class, at least one of which is above 0.
  ///   - least: the least fraction of the draws for every class that has pictures, from 0 to 1 / classes. A class whose
  ///     fraction of the pictures is larger keeps its proportion to the other large ones.
  ///   - total: the number of draws; as many as there are pictures if nil.
  public init(_ pictures: [Int], least: Double, total: Int? = nil) {
    let all = pictures.reduce(0, +)
    let total = total ?? all
    var shares = pictures.map { Double($0) / Double(max(all, 1)) }
    var raised: Set<Int> = []
    while true {
      let rest = shares.indices.filter { !raised.contains($0) && pictures[$0] > 0 }
      let room = 1 - Double(raised.count) * least
      let sum = rest.reduce(0) { $0 + Double(pictures[$1]) }
      for label in rest { shares[label] = Double(pictures[label]) / sum * room }
      let low = rest.filter { shares[$0] < least }
      if low.isEmpty || low.count == rest.count { break }
      for label in low {
        shares[label] = least
        raised.insert(label)
      }
    }
    counts = ClassDraws.rounded(shares, total)
  }

  /// Whole numbers with the sum `total`, in proportion to `shares`: the largest remainders are rounded up.
  private static func rounded(_ shares: [Double], _ total: Int) -> [Int] {
    let exact = shares.map { $0 * Double(total) }
    var counts = exact.map { Int($0) }
    let missing = total - counts.reduce(0, +)
    let order = exact.indices.filter { exact[$0] > 0 }.sorted {
      (Double(counts[$1]) - exact[$1], $1) > (Double(counts[$0]) - exact[$0], $0)
    }
    for label in order.prefix(max(missing, 0)) { counts[label] += 1 }
    return counts
  }

  public var total: Int { counts.reduce(0, +) }

  /// The pictures that an epoch draws, by class, not shuffled across classes.
  ///
  /// - Parameter labels: the class of each picture.
  func pictures(_ labels: [Int], epoch: Int, seed: UInt64) -> [Int] {
    var members = [[Int]](repeating: [], count: counts.count)
    for (index, label) in labels.enumerated() { members[label].append(index) }
    var drawn: [Int] = []
    drawn.reserveCapacity(total)
    for (label, own) in members.enumerated() where !own.isEmpty {
      var place = epoch * counts[label]
      let end = place + counts[label]
      while place < end {
        let (round, first) = (place / own.count, place % own.count)
        var random = RandomSource(seed: seed ^ 0xBA1A, stream: UInt64(label) << 40 | UInt64(round))
        let order = random.permutation(own.count)
        let last = min(own.count, first + end - place)
        for position in first..<last { drawn.append(own[order[position]]) }
        place += last - first
      }
    }
    return drawn
  }
}
