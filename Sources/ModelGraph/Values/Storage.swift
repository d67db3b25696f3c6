import Platform

/// The memory behind tensors: the one place where the graph's data is an unsafe pointer.
///
/// Its own (64-byte aligned, zeroed), adopted from somebody who says how to let go of it, or deferred: bytes that stay in
/// their file until somebody looks at them. A deferred storage belongs to one thread until then.
public final class Storage: @unchecked Sendable {
  public let byteCount: Int
  private var memory: UnsafeMutableRawPointer?
  private var release: (UnsafeMutableRawPointer) -> Void
  private let source: DeferredBytes?
  private let offset: Int

  /// Adopts `base`; `release` is called with it exactly once, when the last tensor is gone.
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

  /// Zeroed memory of its own, or nil if the system has none left.
  public convenience init?(byteCount: Int) {
    guard let base = platform_allocate(byteCount) else { return nil }
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.init(adopting: base, byteCount: byteCount) { platform_free($0) }
  }

  /// The bytes of `source` from `offset` on, read when they are asked for.
  public init(deferred source: DeferredBytes, offset: Int, byteCount: Int) {
    self.source = source
    self.offset = offset
    self.byteCount = byteCount
    release = { platform_free($0) }
  }

  deinit {
    if let memory { release(memory) }
  }

  /// The bytes; those of a deferred storage are read now and kept.
  public var base: UnsafeMutableRawPointer {
    if let memory { return memory }
    guard let read = platform_allocate(byteCount) else { platform_out_of_memory(byteCount) }
    copyBytes(to: read)
    memory = read
    return read
  }

  /// Whether the bytes are still where they came from only.
  public var isDeferred: Bool { memory == nil }

  /// Copies the bytes; those of a deferred storage come straight from their file and are not kept. Where that fails they
  /// are zeros, and the source will say so.
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

  /// Throws E101 if anything that was wanted could not be read: what was made of it is worth nothing.
  public func check() throws(GraphError) {
    if isBroken { throw GraphError(.unreadable, "cannot be read to its end") }
  }
}
