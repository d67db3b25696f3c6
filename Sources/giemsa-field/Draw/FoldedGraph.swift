import Giemsa

/// A graph of which blocks that follow each other and are alike are kept once.
struct FoldedGraph {
  struct Block {
    /// Positions in ``boxes``.
    let range: Range<Int>
    let count: Int
  }

  private(set) var boxes: [GraphPicture.Box] = []
  /// For each box its inputs, as positions in ``boxes``.
  private(set) var inputs: [[Int]] = []
  private(set) var blocks: [Block] = []

  /// Boxes of the longest block that is looked for.
  private static let longest = 64
  /// Fewer are not worth a frame.
  private static let fewestSaved = 3

  init(_ picture: GraphPicture, folds: Bool) {
    let all = picture.boxes
    // The place of each box, or of the one that stands for it.
    var place = [Int](repeating: 0, count: all.count)
    var saved = [Int](repeating: 0, count: all.count)
    var period = [Int](repeating: 0, count: all.count)
    if folds {
      for length in 1...Self.longest where length < all.count {
        var run = 0
        for index in stride(from: all.count - length - 1, through: 0, by: -1) {
          run = Self.areAlike(all, index, index + length) ? run + 1 : 0
          let rest = run / length * length
          if rest > saved[index] { (saved[index], period[index]) = (rest, length) }
        }
      }
    }
    var index = 0
    while index < all.count {
      let length = saved[index] >= Self.fewestSaved ? period[index] : 0
      let start = boxes.count
      for position in index..<(index + max(length, 1)) {
        place[position] = boxes.count
        boxes.append(all[position])
        inputs.append(all[position].inputs.map { place[$0] })
      }
      if length > 0 {
        blocks.append(Block(range: start..<boxes.count, count: saved[index] / length + 1))
        for position in (index + length)..<(index + length + saved[index]) {
          place[position] = place[position - length]
        }
      }
      index += max(length, 1) + (length > 0 ? saved[index] : 0)
    }
  }

  /// Whether two boxes do the same to boxes at the same distance.
  private static func areAlike(_ boxes: [GraphPicture.Box], _ a: Int, _ b: Int) -> Bool {
    let (x, y) = (boxes[a], boxes[b])
    return x.kind != .port && y.kind != .port && x.inputs.count == y.inputs.count && x.title == y.title
      && x.detail == y.detail && zip(x.inputs, y.inputs).allSatisfy { a - $0 == b - $1 }
  }
}
