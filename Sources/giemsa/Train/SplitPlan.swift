import Datasets

/// The split into training and validation pictures, and the reason for it.
struct SplitPlan {
  let split: Split
  let kind: SplitChoice
  /// For folds: their number, and the one used for validation, from 1.
  let folds: Int?
  let fold: Int?
  /// Whether the slides can be divided so that every class is on both sides of the split.
  let canDivideSlides: Bool
  /// One line that explains a split the options did not choose; nil if they did.
  let reason: String?

  init(_ cells: CellFolder, _ options: TrainingOptions) throws {
    if let count = options.foldCount {
      let number = options.fold ?? 1
      let parts = try Folds(cells, count: count, seed: options.seed)
      (kind, folds, fold, canDivideSlides) = (.folds, count, number, true)
      split = parts.split(number - 1)
      reason = parts.isBySlide ? nil : "folds of single pictures: \(SplitPlan.noSlides(cells))"
      return
    }
    (folds, fold) = (nil, nil)
    func cut(_ kind: SplitKind) throws -> Split {
      try Split(cells, kind: kind, validFraction: options.valid, seed: options.seed)
    }
    let bySlide = cells.showsSlides ? try? cut(.slide) : nil
    canDivideSlides = bySlide != nil
    if let chosen = options.split {
      (kind, reason) = (chosen, nil)
      self.split = try cut(chosen == .slide ? .slide : .random)
    } else if cells.showsSlides {
      let count = Set(cells.items.map { $0.slide }).count
      if let bySlide {
        (kind, self.split) = (.slide, bySlide)
        reason =
          "split by slide: the names show \(count) slides (the part before _IMG or _cell); none is on both sides"
      } else {
        (kind, self.split) = (.random, try cut(.random))
        reason = "split at random: \(count) slides cannot be divided so that every class is on both sides"
      }
    } else {
      (kind, self.split) = (.random, try cut(.random))
      reason = "split at random: \(SplitPlan.noSlides(cells))"
    }
  }

  private static func noSlides(_ cells: CellFolder) -> String {
    let item = cells.items.first { $0.slide.isEmpty }
    guard let item else { return "all pictures are from one slide" }
    return "not every name shows its slide (no _IMG or _cell in \(cells.name(of: item)))"
  }

  /// `slide`, `fold 2 of 5`.
  var name: String {
    if let folds, let fold { return "fold \(fold) of \(folds)" }
    return kind.rawValue
  }
}
