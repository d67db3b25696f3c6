import Crypto
import Foundation
import Imaging
import Text

/// A hash of a picture's pixels, independent of file name and compression.
public enum PictureHash {
  /// The first half of the SHA-256, in hexadecimal, of `WIDTHxHEIGHT ` followed by the RGB bytes row by row.
  ///
  /// In Python: `hashlib.sha256(b"%dx%d " % image.size + image.convert("RGB").tobytes()).hexdigest()[:32]`.
  public static func hash(_ picture: Picture) -> String {
    var hash = SHA256()
    hash.update(data: Array("\(picture.width)x\(picture.height) ".utf8))
    hash.update(data: picture.pixels)
    return hexadecimal(hash.finalize().prefix(16))
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The hash of a slide's name stored in a model: it identifies a slide that the model was trained on without
  /// revealing its name.
  ///
  /// The first six bytes, in hexadecimal, of the SHA-256 of `giemsa slide ` followed by the name.
  public static func slide(_ name: String) -> String {
    hexadecimal(SHA256.hash(data: Array("giemsa slide \(name)".utf8)).prefix(6))
  }

  /// The hashes of files, and the notes about the files, computed on all processors; `body` is called with
  /// each picture on one of the threads. Throws an error that describes the first twenty files that cannot be read, and
  /// the number of others.
  ///
  /// - Parameter progress: called with the number of files done, on any thread but never concurrently.
  public static func read(
    _ paths: [String], _ options: PictureOptions = PictureOptions(),
    progress: @escaping @Sendable (Int) -> Void = { _ in },
    body: @Sendable (Int, PictureFile) throws -> Void = { _, _ in }
  ) throws -> (hashes: [String], notes: PictureNotes) {
    let results = Results(paths.count, progress)
    DispatchQueue.concurrentPerform(iterations: paths.count) { index in
      do {
        let file = try PictureFile(paths[index], options)
        try body(index, file)
        results.note(index, hash(file.picture), file.notes)
      } catch {
        results.fail(index, error)
      }
    }
    return try results.all(paths)
  }

  /// The hash of a data set: the SHA-256 of the lines `HASH CLASS` of its pictures, sorted by bytes, each ended by a
  /// line feed. File names do not count.
  public static func dataSet(_ entries: [(hash: String, label: String)]) -> String {
    let lines = entries.map { Array("\($0.hash) \($0.label)\n".utf8) }
    var hash = SHA256()
    for line in lines.sorted(by: { $0.lexicographicallyPrecedes($1) }) { hash.update(data: line) }
    return hexadecimal(hash.finalize())
  }
}

/// The results of several threads.
private final class Results: @unchecked Sendable {  // all state is accessed under `lock`
  private let lock = NSLock()
  private var found: [String]
  private var failures: [(index: Int, message: String)] = []
  private var exceedsLimits = false
  private var notes: [(index: Int, notes: [PictureNote])] = []
  private var done = 0
  private let progress: @Sendable (Int) -> Void

  init(_ count: Int, _ progress: @escaping @Sendable (Int) -> Void) {
    found = [String](repeating: "", count: count)
    self.progress = progress
  }

  func note(_ index: Int, _ hash: String, _ notes: [PictureNote]) {
    lock.withLock {
      found[index] = hash
      if !notes.isEmpty { self.notes.append((index, notes)) }
      count()
    }
  }

  func fail(_ index: Int, _ error: any Error) {
    lock.withLock {
      failures.append((index, "\(error)"))
      if let error = error as? ImagingError, error.exceeded != nil { exceedsLimits = true }
      count()
    }
  }

  private func count() {
    done += 1
    progress(done)
  }

  func all(_ paths: [String]) throws -> (hashes: [String], notes: PictureNotes) {
    try lock.withLock {
      var all = PictureNotes()
      for entry in notes.sorted(by: { $0.index < $1.index }) { all.add(paths[entry.index], entry.notes) }
      guard !failures.isEmpty else { return (found, all) }
      throw DatasetError(
        failures.sorted { $0.index < $1.index }.map { $0.message }, "picture", "cannot be read",
        exceedsLimits: exceedsLimits)
    }
  }
}
