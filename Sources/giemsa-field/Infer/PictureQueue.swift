import Giemsa
import Platform

/// Pictures ready for the model, in the order of the files. A second thread reads, decodes, resizes and normalises them
/// a few pictures ahead of the thread that runs the model. A single picture is prepared when requested.
struct PictureQueue {
  /// A prepared picture, a tensor of one, or the reason why there is none.
  enum Entry {
    case picture(Tensor, [PictureNote])
    case problem(String)
  }

  private let files: [String]
  private let queue: OrderedQueue<Entry>

  init(_ files: [String], _ preprocessing: Preprocessing) {
    self.files = files
    let maker = { (index: Int) -> Entry in
      do throws(ImagingError) {
        let file = try preprocessing.read(files[index])
        return .picture(try preprocessing.tensor([file.picture]), file.notes)
      } catch {
        return .problem(PictureRules.text(error))
      }
    }
    // Three pictures ahead absorb a slow one.
    queue = OrderedQueue(
      count: files.count, ahead: 3, makers: [maker], usesThreads: files.count > 1 && platform_processor_count() > 1)
  }

  /// The next file and its content; nil after the last one.
  func next() -> (file: String, entry: Entry)? { queue.next().map { (files[$0.index], $0.result) } }
}
