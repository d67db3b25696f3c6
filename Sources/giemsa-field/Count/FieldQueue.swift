import Giemsa
import Text

/// Counted fields in the order of the files. Each counter works on a thread of its own, on a field at a time, so that one
/// field is decoded while the cells of others are judged. A single counter works when asked.
struct FieldQueue {
  enum Entry {
    case field(DrawnField)
    case problem(String)
    /// Its slide had been finished (``finish(slide:)``).
    case leftOut
  }

  /// A file, and the index of its slide.
  typealias File = (path: String, slide: Int)

  private let files: [File]
  private let finished: FinishedSlides
  private let queue: OrderedQueue<Entry>

  init(_ files: [File], slides: Int, _ counters: [FieldCounter], _ drawings: DrawnField.Drawings) {
    let finished = FinishedSlides(slides)
    (self.files, self.finished) = (files, finished)
    let makers = counters.map { counter in
      { (index: Int) -> Entry in
        if finished.contains(files[index].slide) { return .leftOut }
        do throws(ClassificationError) {
          return .field(try DrawnField(files[index].path, counter, drawings))
        } catch {
          switch error {
          case .picture(let error): return .problem(PictureRules.text(error))
          default: return .problem("\(files[index].path): \(error)")
          }
        }
      }
    }
    // A field of slack for each thread absorbs a slow one.
    queue = OrderedQueue(
      count: files.count, ahead: 2 * counters.count, makers: makers, usesThreads: counters.count > 1)
  }

  /// The next file's index and content; nil after the last one.
  func next() -> (index: Int, entry: Entry)? {
    guard let (index, entry) = queue.next() else { return nil }
    // Whether a thread had begun it depends on their pace; the result must not.
    return (index, finished.contains(files[index].slide) ? .leftOut : entry)
  }

  /// Further fields of a slide are not read.
  func finish(slide: Int) { finished.insert(slide) }
}

/// The slides that have enough cells; all threads look at it.
private final class FinishedSlides {
  private let lock = Lock()
  private var isFinished: [Bool]

  init(_ count: Int) { isFinished = [Bool](repeating: false, count: count) }

  func contains(_ slide: Int) -> Bool { lock.locked { isFinished[slide] } }

  func insert(_ slide: Int) { lock.locked { isFinished[slide] = true } }
}
