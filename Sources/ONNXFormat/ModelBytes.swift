import ModelGraph
import Platform
import Text

/// The bytes of a model: an open file, or memory. A file that another one replaces under its name is still read; one that is
/// written to is refused (``checkUnchanged()``). Any number of threads may read.
public final class ModelBytes: Sendable {
  private enum Place: Sendable {
    case file(descriptor: Int32, FileState)
    case memory(Storage)
  }

  public let byteCount: Int
  /// Path of the file, beside which external data is looked for; nil for memory.
  let path: String?
  private let place: Place
  /// Of a file that had to be signed.
  let signature: ModelSignature?

  /// Opens a regular file. If ``Limits/signers`` are given, it is read whole and its signature is verified; nothing is read
  /// from the file after that.
  ///
  /// Throws E101 if the file cannot be opened or read, E105 if it is too large to be read whole, E118 or E119 without a good
  /// signature.
  public init(opening path: String, limits: Limits = .standard) throws(GraphError) {
    var file: Int32 = -1
    var size: UInt64 = 0
    let status = path.withPath { platform_open_file($0, &file, &size) }
    if status == PLATFORM_NOT_A_FILE { throw GraphError(.unreadable, "is not a file") }
    guard status == 0 else {
      throw GraphError(.unreadable, "cannot be read: \(String(cString: platform_error_text(status)))")
    }
    byteCount = Int(clamping: size)
    self.path = path
    guard !Version.isForSomeModels, !limits.signers.isEmpty else {
      place = .file(descriptor: file, FileState(descriptor: file))
      signature = nil
      return
    }
    defer { platform_close(file) }
    guard byteCount <= limits.fileBytes else {
      throw GraphError(.overLimit, "is larger than \(limits.fileBytes) bytes")
    }
    let content = try Storage(room: byteCount)
    guard platform_read_at(file, 0, content.base, byteCount) == 0 else {
      throw GraphError(.unreadable, "cannot be read completely")
    }
    place = .memory(content)
    signature = try ModelSignature(
      of: UnsafeRawBufferPointer(start: content.base, count: byteCount), path: path, by: limits.signers)
  }

  /// Copies `bytes`, whose origin the caller answers for: no signature is asked for. Throws E212 if there is no memory for
  /// the copy.
  public init(copying bytes: UnsafeRawBufferPointer) throws(GraphError) {
    let copy = try Storage(room: bytes.count)
    if let base = bytes.baseAddress { copy.base.copyMemory(from: base, byteCount: bytes.count) }
    place = .memory(copy)
    byteCount = bytes.count
    path = nil
    signature = nil
  }

  /// Memory of which nothing is kept, and which outlives this.
  init(borrowing base: UnsafeMutableRawPointer, count: Int) {
    byteCount = count
    path = nil
    signature = nil
    place = .memory(Storage(adopting: base, byteCount: count) { _ in })
  }

  deinit {
    if case .file(let descriptor, _) = place { platform_close(descriptor) }
  }

  /// Throws E101 if another program has written to the file since it was opened.
  func checkUnchanged() throws(GraphError) {
    if case .file(let descriptor, let state) = place, FileState(descriptor: descriptor) != state {
      throw .changedFile
    }
  }

  /// Whether both hold the same bytes. External data are not looked at.
  public func areSame(as other: ModelBytes) throws(GraphError) -> Bool {
    guard byteCount == other.byteCount else { return false }
    let piece = 1 << 20
    guard let memory = platform_allocate(2 * piece) else {
      throw GraphError(.unreadable, "cannot be read: no memory")
    }
    defer { platform_free(memory) }
    var offset = 0
    while offset < byteCount {
      let count = min(piece, byteCount - offset)
      guard read(offset, into: memory, count), other.read(offset, into: memory + piece, count) else {
        throw GraphError(.unreadable, "cannot be read, or changed while it was read")
      }
      let (x, y) = (
        UnsafeRawBufferPointer(start: memory, count: count), UnsafeRawBufferPointer(start: memory + piece, count: count)
      )
      if x.indices.contains(where: { x[$0] != y[$0] }) { return false }
      offset += count
    }
    return true
  }

  /// Copies `count` bytes from `offset` to `target`. Returns false if they are not all there, or no longer what they were.
  func read(_ offset: Int, into target: UnsafeMutableRawPointer?, _ count: Int) -> Bool {
    switch place {
    case .file(let descriptor, let state):
      return platform_read_at(descriptor, UInt64(offset), target, count) == 0
        && FileState(descriptor: descriptor) == state
    case .memory(let storage):
      guard offset >= 0, count >= 0, offset <= storage.byteCount - count else { return false }
      if count > 0 { target?.copyMemory(from: storage.base + offset, byteCount: count) }
      return true
    }
  }
}

/// What tells whether a file was written to.
private struct FileState: Equatable, Sendable {
  private var byteCount: UInt64 = 0
  /// Nanoseconds.
  private var changed: Int64 = 0

  init(descriptor: Int32) { _ = platform_file_state(descriptor, &byteCount, &changed) }
}

extension Storage {
  /// Memory that the caller fills. Throws E212 if there is not enough.
  convenience init(room byteCount: Int) throws(GraphError) {
    guard let memory = platform_allocate(byteCount) else {
      throw GraphError(.tooLarge, "no memory for \(byteCount) bytes")
    }
    self.init(adopting: memory, byteCount: byteCount) { platform_free($0) }
  }
}
