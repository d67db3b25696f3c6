/// Pairs of found and annotated boxes of one field.
public struct BoxMatching: Sendable {
  /// For each found box the annotated one that it matches, and the reverse.
  public let annotated: [Int?]
  public let found: [Int?]

  /// Least intersection over union of a pair.
  public static let least = 0.5

  /// Pairs with an overlap of at least ``least``, the best first, each box in one pair at most.
  public init(found: [AnnotatedBox], annotated: [AnnotatedBox]) {
    var pairs: [(overlap: Double, found: Int, annotated: Int)] = []
    // Sorted by their left ends, so that only near boxes are compared.
    let order = annotated.indices.sorted { annotated[$0].x < annotated[$1].x }
    let widest = annotated.map { $0.width }.max() ?? 0
    for (index, box) in found.enumerated() {
      var low = 0
      var high = order.count
      while low < high {
        let middle = (low + high) / 2
        if annotated[order[middle]].x < box.x - widest { low = middle + 1 } else { high = middle }
      }
      while low < order.count, annotated[order[low]].x < box.x + box.width {
        let overlap = box.overlap(annotated[order[low]])
        if overlap >= BoxMatching.least { pairs.append((overlap, index, order[low])) }
        low += 1
      }
    }
    pairs.sort { ($1.overlap, $0.found, $0.annotated) < ($0.overlap, $1.found, $1.annotated) }
    var toAnnotated = [Int?](repeating: nil, count: found.count)
    var toFound = [Int?](repeating: nil, count: annotated.count)
    for pair in pairs where toAnnotated[pair.found] == nil && toFound[pair.annotated] == nil {
      toAnnotated[pair.found] = pair.annotated
      toFound[pair.annotated] = pair.found
    }
    (self.annotated, self.found) = (toAnnotated, toFound)
  }
}
