import Datasets
import Text

/// `giemsa.training_slides`: hashes of the slides that a model was trained on, so that `evaluate` can warn of them. The
/// slides' names are not stored.
struct TrainedSlides {
  private var hashes: Set<String>

  /// Maximum number of hashes in a model: 130 KB.
  private static let limit = 10_000

  /// - Parameter text: the metadata's value; empty if nothing is recorded.
  init(_ text: String) { hashes = Set(text.split(separator: " ").map { String($0) }) }

  mutating func add(_ slides: some Sequence<String>) {
    for slide in slides where !slide.isEmpty { hashes.insert(TrainedSlides.hash(slide)) }
  }

  func contains(_ slide: String) -> Bool { !hashes.isEmpty && hashes.contains(TrainedSlides.hash(slide)) }

  /// Sorted, so that the same slides give the same bytes.
  var text: String { hashes.sorted().prefix(TrainedSlides.limit).joined(separator: " ") }

  private static func hash(_ slide: String) -> String { PictureHash.slide(slide.printable) }
}
