import Giemsa
import Platform

/// Pictures ready for the model, in the order of the files. A second thread reads, decodes, resizes and normalises them
/// a few pictures ahead of the thread that runs the model. A single picture is prepared when requested.
struct PictureQueue {
  /// A prepared picture, a tensor of one, or the reason why there is none.
  enum Entry {
    case picture(Tensor, [PictureNote])
    case problem(String)
    /// It was replaced, written to or removed since it was found: only in a folder that is watched.
    case changed
  }

  private let queue: OrderedQueue<Entry>

  init(_ pictures: [FolderWatch.Picture], _ preprocessing: Preprocessing) {
    let maker = { (index: Int) -> Entry in
      let picture = pictures[index]
      guard picture.isCurrent else { return .changed }
      let entry: Entry
      do throws(ImagingError) {
        let file = try preprocessing.read(picture.path)
        entry = .picture(try preprocessing.tensor([file.picture]), file.notes)
      } catch {
        entry = .problem(PictureRules.text(error))
      }
      return picture.isCurrent ? entry : .changed
    }
    let usesThreads = pictures.count > 1 && platform_processor_count() > 1
    // Three pictures ahead absorb a slow one.
    queue = OrderedQueue(count: pictures.count, ahead: 3, makers: [maker], usesThreads: usesThreads)
  }

  /// The next file's index and content; nil after the last one.
  func next() -> (index: Int, entry: Entry)? { queue.next().map { ($0.index, $0.result) } }
}
