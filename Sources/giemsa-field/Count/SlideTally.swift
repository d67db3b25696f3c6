import Statistics
import Text

/// What is counted of one slide.
struct SlideTally {
  let name: String
  private(set) var total = FieldCounts()
  private var fields: [(hits: Int, count: Int)] = []

  init(_ name: String) { self.name = name }

  /// Number of fields.
  var fieldCount: Int { fields.count }

  mutating func add(_ counts: FieldCounts) {
    total = total + counts
    fields.append((counts.infected, counts.redCells))
  }

  func result(_ rules: ResultRules) -> SlideResult { SlideResult(total, fields, rules) }
}

/// All slides, in the order in which their first fields came.
struct SlideTallies {
  private(set) var slides: [SlideTally] = []
  private var places: [ExactText: Int] = [:]

  /// The index of the slide of this name.
  mutating func index(_ name: String) -> Int {
    let key = ExactText(name)
    if let known = places[key] { return known }
    places[key] = slides.count
    slides.append(SlideTally(name))
    return slides.count - 1
  }

  mutating func add(_ counts: FieldCounts, to slide: Int) { slides[slide].add(counts) }
}
