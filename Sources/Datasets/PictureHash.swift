import Foundation
import Imaging

/// What tells pictures apart, whatever their files are called and however they are compressed.
public enum PictureHash {
  /// The first half of the SHA-256 of the RGB bytes, row by row, with `WIDTHxHEIGHT ` before them; hexadecimal.
  ///
  /// In Python: `hashlib.sha256(b"%dx%d " % image.size + image.convert("RGB").tobytes()).hexdigest()[:32]`.
  public static func hash(_ picture: Picture) -> String {
    var hash = SHA256()
    hash.update(Array("\(picture.width)x\(picture.height) ".utf8))
    hash.update(picture.pixels)
    return String(hash.finish().prefix(32))
  }

  /// Of files, on as many threads as there are processors; `body` is shown each picture on one of them. Throws what is
  /// wrong with the first that cannot be read, and how many more cannot.
  public static func hashes(
    _ paths: [String], body: @Sendable (Int, Picture) throws -> Void = { _, _ in }
  ) throws -> [String] {
    let results = Results(paths.count)
    DispatchQueue.concurrentPerform(iterations: paths.count) { index in
      do {
        let picture = try PNGFile.read(paths[index])
        try body(index, picture)
        results.note(index, hash(picture))
      } catch {
        results.fail(index, "\(error)")
      }
    }
    return try results.hashes()
  }

  /// Of a data set: the SHA-256 of the lines `HASH CLASS` of its pictures, sorted by bytes, each ended by a line feed.
  /// File names do not count.
  public static func dataSet(_ entries: [(hash: String, label: String)]) -> String {
    let lines = entries.map { Array("\($0.hash) \($0.label)\n".utf8) }
    return SHA256.hex(lines.sorted { $0.lexicographicallyPrecedes($1) }.joined())
  }
}

/// Of several threads. Of what went wrong, the one with the lowest index is told, and how many more there are.
private final class Results: @unchecked Sendable {  // everything under `lock`
  private let lock = NSLock()
  private var found: [String]
  private var first: (index: Int, message: String)?
  private var failures = 0

  init(_ count: Int) { found = [String](repeating: "", count: count) }

  func note(_ index: Int, _ hash: String) { lock.withLock { found[index] = hash } }

  func fail(_ index: Int, _ message: String) {
    lock.withLock {
      failures += 1
      if let first, first.index < index { return }
      first = (index, message)
    }
  }

  func hashes() throws -> [String] {
    try lock.withLock {
      guard let first else { return found }
      let more = failures > 1 ? " (and \(failures - 1) more pictures cannot be read)" : ""
      throw DatasetError(first.message + more)
    }
  }
}
