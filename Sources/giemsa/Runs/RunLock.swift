import Foundation
import Platform
import Text

/// A lock that lets only this process write into a folder: an flock on the file `.lock` in it, which the system
/// releases however the process ends. Not thread-safe; used from the main thread only.
enum RunLock {
  private static let name = ".lock"
  nonisolated(unsafe) private static var held: [String: Int32] = [:]

  /// Locks the folder, which must exist.
  ///
  /// - Throws: an error that names the process holding the lock.
  static func take(_ folder: String) throws {
    let file = "\(folder)/\(name)"
    let key = URL(filePath: folder).standardizedFileURL.resolvingSymlinksInPath().path
    guard held[key] == nil else { return }
    while true {
      let descriptor = file.withPath { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
      guard descriptor >= 0 else {
        let reason = String(cString: platform_error_text(errno))
        throw CommandFailure("\(folder): cannot be written to (\(reason)); name another --out")
      }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        let error = errno
        defer { close(descriptor) }
        // Some network file systems do not support locks: continue without one.
        guard error == EWOULDBLOCK || error == EINTR else { return }
        let holder = holder(descriptor)
        throw CommandFailure(
          "\(folder): another giemsa\(holder) is writing there; wait until it has ended, or name another --out")
      }
      // The previous holder may have removed the file between our open and our lock.
      guard isStill(file, descriptor) else {
        close(descriptor)
        continue
      }
      let text = Array("\(getpid()) \(host)\n".utf8)
      ftruncate(descriptor, 0)
      _ = text.withUnsafeBytes { platform_write(descriptor, $0.baseAddress, $0.count) }
      held[key] = descriptor
      return
    }
  }

  /// Releases all locks of this process, or only that of `folder`.
  static func release(_ folder: String? = nil) {
    let wanted = folder.map { URL(filePath: $0).standardizedFileURL.resolvingSymlinksInPath().path }
    for (key, descriptor) in held where wanted == nil || wanted == key {
      let file = "\(key)/\(name)"
      if isStill(file, descriptor) { _ = file.withPath { unlink($0) } }
      close(descriptor)
      held[key] = nil
    }
  }

  private static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    return gethostname(&name, name.count - 1) == 0 ? String(cString: name) : "?"
  }

  /// The lock's holder as ` (process 123 on host)`; empty if unknown.
  private static func holder(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 300)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return "" }
    let words = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\n" })
    return words.count == 2 ? " (process \(words[0]) on \(words[1]))" : ""
  }

  private static func isStill(_ file: String, _ descriptor: Int32) -> Bool {
    var (there, own) = (stat(), stat())
    return file.withPath { stat($0, &there) } == 0 && fstat(descriptor, &own) == 0 && there.st_ino == own.st_ino
      && there.st_dev == own.st_dev
  }
}
