/// How found cells and annotated boxes agree.
public struct CutTally: Sendable, Equatable {
  public var pictures = 0
  /// Annotated boxes of each class, and those of them that a found cell matches.
  public var boxes: [Int]
  public var matched: [Int]
  /// Found cells: all that match a box of a class, and all other red cells.
  public var found = 0
  /// Found cells that match no box and were cut all the same.
  public var unmatchedCut = 0
  /// Found cells that match a box of a category without a class.
  public var foundLeftOut = 0
  /// Boxes of categories without a class.
  public var leftOut: [String: Int] = [:]

  public init(classes: Int) {
    boxes = [Int](repeating: 0, count: classes)
    matched = boxes
  }

  mutating func add(found match: Int?, label: Int?) {
    found += 1
    if let label {
      matched[label] += 1
    } else if match != nil {
      foundLeftOut += 1
    }
  }

  public mutating func add(_ other: CutTally) {
    pictures += other.pictures
    for label in boxes.indices {
      boxes[label] += other.boxes[label]
      matched[label] += other.matched[label]
    }
    found += other.found
    unmatchedCut += other.unmatchedCut
    foundLeftOut += other.foundLeftOut
    leftOut.merge(other.leftOut) { $0 + $1 }
  }

  public var allBoxes: Int { boxes.reduce(0, +) }
  public var allMatched: Int { matched.reduce(0, +) }
  /// Found cells that match no box.
  public var unmatched: Int { found - foundLeftOut - allMatched }

  /// The harmonic mean of precision (matched cells among the found ones, without those that match boxes of no class) and
  /// recall (matched boxes among all boxes); nil if there are neither boxes nor found cells.
  public var f1: Double? {
    let sum = allBoxes + allMatched + unmatched
    return sum == 0 ? nil : 2 * Double(allMatched) / Double(sum)
  }
}
