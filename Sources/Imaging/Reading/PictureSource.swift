import Platform
import Text

/// The bytes of a picture file: in memory, or in an open file that is read when a decoder asks.
final class PictureSource {
  let count: Int
  private let file: Int32
  /// Of the open file, in nanoseconds.
  private let changed: Int64
  private var memory: UnsafeRawPointer?
  /// Whether `memory` is this object's own.
  private var isLoaded = false

  init(_ bytes: UnsafeRawBufferPointer) {
    (count, file, changed, memory) = (bytes.count, -1, 0, bytes.baseAddress)
  }

  init(opening path: String, _ limits: PictureLimits) throws(ImagingError) {
    var (file, size) = (Int32(-1), UInt64(0))
    switch path.withPath({ platform_open_file($0, &file, &size) }) {
    case 0: break
    case PLATFORM_NOT_A_FILE: throw ImagingError("\(path): not a file")
    case let error: throw ImagingError("\(path): \(String(cString: platform_error_text(error)))")
    }
    guard size <= limits.bytes else {
      platform_close(file)
      throw ImagingError("\(path): larger than \(limits.bytes >> 20) MiB", exceeded: .bytes)
    }
    var (now, changed) = (UInt64(0), Int64(0))
    _ = platform_file_state(file, &now, &changed)
    (count, self.file, self.changed) = (Int(size), file, changed)
  }

  /// Whether the file is as it was when it was opened. If not, what was read may be parts of two pictures.
  var isUnchanged: Bool {
    var (size, now) = (UInt64(0), Int64(0))
    return file < 0 || platform_file_state(file, &size, &now) == 0 && size == count && now == changed
  }

  deinit {
    if file >= 0 { platform_close(file) }
    if isLoaded { platform_free(UnsafeMutableRawPointer(mutating: memory)) }
  }

  /// For a decoder that reads by itself: in `memory`, or if that is nil in an open file.
  var place: (memory: UnsafeRawPointer?, file: Int32) { (memory, file) }

  /// The first bytes, as many as ``PictureFormat`` looks at; fewer if the file has fewer or cannot be read.
  func start() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, PictureFormat.startBytes))
    let isRead = bytes.withUnsafeMutableBytes { buffer in
      do throws(PictureFault) {
        try read(at: 0, into: buffer)
        return true
      } catch {
        return false
      }
    }
    return isRead ? bytes : []
  }

  /// Fills `buffer` with the bytes at `offset`.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(PictureFault) {
    guard offset >= 0, offset <= count, buffer.count <= count - offset else { throw .tooShort }
    if buffer.isEmpty { return }
    if let memory {
      buffer.copyMemory(from: UnsafeRawBufferPointer(start: memory + offset, count: buffer.count))
      return
    }
    switch platform_read_at(file, UInt64(offset), buffer.baseAddress, buffer.count) {
    case 0: return
    case PLATFORM_NOT_A_FILE: throw .tooShort
    case let error: throw .unreadable(String(cString: platform_error_text(error)))
    }
  }

  /// Calls `body` with `count` bytes at `offset`.
  func with<Result>(
    _ count: Int, at offset: Int, _ body: (Bytes) throws(PictureFault) -> Result
  ) throws(PictureFault) -> Result {
    guard let room = platform_allocate(count) else { throw .unreadable("no memory for \(count) bytes") }
    defer { platform_free(room) }
    let buffer = UnsafeMutableRawBufferPointer(start: room, count: count)
    try read(at: offset, into: buffer)
    return try body(Bytes(bytes: UnsafeRawBufferPointer(buffer)))
  }

  /// The whole file, which stays in memory as long as this object.
  func bytes() throws(PictureFault) -> UnsafeRawBufferPointer {
    if memory == nil, count > 0 {
      guard let room = platform_allocate(count) else { throw .unreadable("no memory for a file of \(count) bytes") }
      do throws(PictureFault) {
        try read(at: 0, into: UnsafeMutableRawBufferPointer(start: room, count: count))
      } catch {
        platform_free(room)
        throw error
      }
      (memory, isLoaded) = (UnsafeRawPointer(room), true)
    }
    return UnsafeRawBufferPointer(start: memory, count: count)
  }
}

extension PictureFault {
  static var tooShort: PictureFault { .damaged("the file ends too early") }
}
