import Platform

/// The memory of tensors: the only place where data of the graph is an unsafe pointer.
///
/// There are three kinds: owned (zeroed); adopted, with a closure that releases it; and deferred,
/// whose bytes stay in their file until they are first read. A deferred storage must be used by one thread until then.
public final class Storage: @unchecked Sendable {
  public let byteCount: Int
  private var memory: UnsafeMutableRawPointer?
  private var release: (UnsafeMutableRawPointer) -> Void
  private let source: DeferredBytes?
  private let offset: Int

  /// Adopts `base`. `release` is called with it once, when the last tensor over it is destroyed.
  /// `base` must be aligned to the element size of every tensor made over it.
  public init(
    adopting base: UnsafeMutableRawPointer, byteCount: Int, release: @escaping (UnsafeMutableRawPointer) -> Void
  ) {
    self.memory = base
    self.byteCount = byteCount
    self.release = release
    source = nil
    offset = 0
  }

  /// Owned, zeroed memory; nil if the system has no memory left.
  public convenience init?(byteCount: Int) {
    guard let base = platform_allocate_tensor(byteCount) else { return nil }
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.init(adopting: base, byteCount: byteCount) { platform_free($0) }
  }

  /// The bytes of `source` from `offset` on, read at first use.
  public init(deferred source: DeferredBytes, offset: Int, byteCount: Int) {
    self.source = source
    self.offset = offset
    self.byteCount = byteCount
    release = { platform_free($0) }
  }

  deinit {
    if let memory { release(memory) }
  }

  /// The bytes. Those of a deferred storage are read now and kept.
  public var base: UnsafeMutableRawPointer {
    if let memory { return memory }
    guard let read = platform_allocate_tensor(byteCount) else { platform_out_of_memory(byteCount) }
    copyBytes(to: read)
    memory = read
    return read
  }

  /// Whether the bytes have not been read from their file yet.
  public var isDeferred: Bool { memory == nil }

  /// Copies the bytes. Those of a deferred storage are read from their file and not kept. If that fails, zeros are
  /// written and ``DeferredBytes/check()`` throws.
  public func copyBytes(to target: UnsafeMutableRawPointer) {
    if let memory {
      target.copyMemory(from: memory, byteCount: byteCount)
    } else {
      source?.read(offset, byteCount, target)
    }
  }
}

/// A file that deferred tensors are read from.
public final class DeferredBytes: @unchecked Sendable {
  private let reader: (Int, UnsafeMutableRawPointer, Int) -> Bool
  private var isBroken = false

  /// - Parameter reader: reads so many bytes from an offset on; false if it cannot.
  public init(_ reader: @escaping (_ offset: Int, _ target: UnsafeMutableRawPointer, _ count: Int) -> Bool) {
    self.reader = reader
  }

  fileprivate func read(_ offset: Int, _ count: Int, _ target: UnsafeMutableRawPointer) {
    if reader(offset, target, count) { return }
    target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    isBroken = true
  }

  /// Throws E101 if a read has failed: results that were computed from it are invalid.
  public func check() throws(GraphError) {
    if isBroken { throw GraphError(.unreadable, "cannot be read to its end") }
  }
}
