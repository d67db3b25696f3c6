import Foundation
import Imaging
import PictureModels
import Smears
import Text

/// A folder of cells as ``CellFolder`` reads it: a folder per class, ``CellFolder/cutFile``, and `cells.csv` with a line
/// for each cell, which says where it was cut out.
public struct CutFolder: Sendable {
  public let path: String
  private let cut: CellCut
  private static let above = "the folder above it"

  /// Creates the folder. It must be empty, so that sets do not mix.
  public init(_ path: String, _ cut: CellCut) throws {
    (self.path, self.cut) = (path, cut)
    try makeEmptyFolder(path, in: CutFolder.above)
  }

  /// What filling a folder gave.
  public struct Result: Sendable {
    public var tally: CutTally
    /// Cells written, of each class.
    public var written: [Int]
    public var notes = PictureNotes()
    /// Pictures that could not be cut, a line each.
    public var problems: [String] = []
    /// Whether one of them exceeds a limit that options raise.
    public var exceedsLimits = false
    /// Pictures that the annotations do not have.
    public var unknown: [String] = []
  }

  /// Cuts all cells of a source and writes them. The files' names and contents do not depend on the number of threads.
  ///
  /// - Parameter progress: called with the number of pictures done, on any thread but never concurrently.
  public func fill(
    from source: some CellSource, threads: Int, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> Result {
    let state = CutState(source.pictures.count, progress)
    DispatchQueue.concurrentPerform(iterations: min(max(threads, 1), max(source.pictures.count, 1))) { _ in
      var finder = CellFinder()
      while let index = state.next() {
        let picture: CutPicture?
        do {
          picture = try source.cells(index, &finder)
        } catch {
          state.fail(index, error)
          continue
        }
        do {
          state.finish(index, try write(picture, index, source))
        } catch {
          state.stop(error)
        }
      }
    }
    let result = try state.result(source)
    try write(
      Array(("file,picture,class,x,y,width,height,found\n" + state.lines).utf8), to: "\(path)/cells.csv")
    try write(Array((cut.text + "\n").utf8), to: "\(path)/\(CellFolder.cutFile)")
    return result
  }

  /// Writes a picture's cells, and returns their lines of `cells.csv` beside what else is to be kept of the picture.
  private func write(_ picture: CutPicture?, _ index: Int, _ source: some CellSource) throws -> CutState.Entry? {
    guard let picture else { return nil }
    let (origin, name) = source.pictures[index]
    var entry = CutState.Entry(
      tally: picture.tally, written: [Int](repeating: 0, count: source.classes.count), notes: picture.notes)
    for (number, cell) in picture.cells.enumerated() {
      let folder = "\(path)/\(source.classes[cell.label])"
      let file = source.hasFields ? "\(name)_cell_\(number + 1).png" : "\(name).png"
      try makeFolder(folder, in: CutFolder.above)
      try write(try PNGFile.encode(cell.picture), to: "\(folder)/\(file)")
      entry.written[cell.label] += 1
      let cells = [
        CSVText.cell(file), CSVText.cell(PathText.lastComponent(origin)), CSVText.cell(source.classes[cell.label]),
        "\(cell.box.x)", "\(cell.box.y)", "\(cell.box.width)", "\(cell.box.height)", cell.isFound ? "1" : "0",
      ]
      entry.lines += cells.joined(separator: ",") + "\n"
    }
    return entry
  }

  /// Not synced as `PNGFile.write` does: an incomplete set is cut again.
  private func write(_ bytes: [UInt8], to file: String) throws {
    do {
      try Data(bytes).write(to: URL(filePath: file))
    } catch {
      throw DatasetError("\(file): cannot be written (is the disk full, or the name too long?)")
    }
  }
}

/// State shared by the threads that fill a folder.
private final class CutState: @unchecked Sendable {  // all state is accessed under `lock`
  struct Entry {
    var tally: CutTally
    var written: [Int]
    var notes: [PictureNote]
    var lines = ""
  }

  private enum Outcome {
    case cut(Entry)
    case unknown
    case failed(String)
  }

  private let lock = NSLock()
  private let progress: @Sendable (Int) -> Void
  private var outcomes: [Outcome?]
  private var started = 0
  private var done = 0
  private var exceedsLimits = false
  private var failure: (any Error)?

  init(_ count: Int, _ progress: @escaping @Sendable (Int) -> Void) {
    outcomes = [Outcome?](repeating: nil, count: count)
    self.progress = progress
  }

  /// The next picture to cut; nil if none is left, or if the cells cannot be written.
  func next() -> Int? {
    lock.withLock {
      guard failure == nil, started < outcomes.count else { return nil }
      started += 1
      return started - 1
    }
  }

  func finish(_ index: Int, _ entry: Entry?) { note(index, entry.map { .cut($0) } ?? .unknown) }

  func fail(_ index: Int, _ error: any Error) {
    if let error = error as? ImagingError, error.exceeded != nil { lock.withLock { exceedsLimits = true } }
    note(index, .failed("\(error)"))
  }

  func stop(_ error: any Error) { lock.withLock { failure = failure ?? error } }

  private func note(_ index: Int, _ outcome: Outcome) {
    lock.withLock {
      outcomes[index] = outcome
      done += 1
      progress(done)
    }
  }

  /// The lines of `cells.csv`, in the order of the pictures.
  var lines: String {
    lock.withLock {
      var lines = ""
      for case .cut(let entry)? in outcomes { lines += entry.lines }
      return lines
    }
  }

  func result(_ source: some CellSource) throws -> CutFolder.Result {
    try lock.withLock {
      if let failure { throw failure }
      var result = CutFolder.Result(
        tally: CutTally(classes: source.classes.count), written: [Int](repeating: 0, count: source.classes.count))
      result.exceedsLimits = exceedsLimits
      for (index, outcome) in outcomes.enumerated() {
        let path = source.pictures[index].path
        switch outcome {
        case .cut(let entry):
          result.tally.add(entry.tally)
          for label in entry.written.indices { result.written[label] += entry.written[label] }
          result.notes.add(path, entry.notes)
        case .unknown: result.unknown.append(path)
        case .failed(let line): result.problems.append(line)
        case nil: break
        }
      }
      return result
    }
  }
}
