import PictureModels
import Text

extension ModelMetadata {
  /// Takes a finished run's positive class, threshold and rates.
  mutating func take(_ settings: RunSettings) {
    func rate(_ counts: [Int]?) -> ObservedRate? {
      guard let counts, counts.count == 2, counts[0] >= 0, counts[0] <= counts[1] else { return nil }
      return ObservedRate(hits: counts[0], count: counts[1])
    }
    positive = settings.positive
    looks = settings.looks
    threshold = positive == nil ? nil : settings.results.threshold
    (sensitivity, specificity) = (rate(settings.results.sensitivity), rate(settings.results.specificity))
  }

  /// Makes another class the positive one, or none. Of two classes, the threshold and the rates become those of the other
  /// side; of more, they are dropped.
  mutating func choose(positive chosen: String?) {
    if let positive, let chosen, positive.isExactly(chosen) { return }
    let isOtherSide = positive != nil && chosen != nil && classes.count == 2
    positive = chosen
    threshold = isOtherSide ? threshold.map { 1 - $0 } : nil
    (sensitivity, specificity) = isOtherSide ? (specificity, sensitivity) : (nil, nil)
  }
}
