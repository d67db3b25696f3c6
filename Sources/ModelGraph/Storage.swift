import Platform

/// The memory behind tensors: the one place where the graph's data is an unsafe pointer.
///
/// Either its own (64-byte aligned, zeroed) or adopted from somebody who says how to let go of it: a parsed file's
/// buffer, a mapped region.
public final class Storage: @unchecked Sendable {
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  private let release: (UnsafeMutableRawPointer) -> Void

  /// Adopts `base`; `release` is called with it exactly once, when the last tensor is gone.
  /// `base` must be aligned to the element size of every tensor made over it.
  public init(
    adopting base: UnsafeMutableRawPointer, byteCount: Int, release: @escaping (UnsafeMutableRawPointer) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    self.release = release
  }

  /// Zeroed memory of its own, or nil if the system has none left.
  public convenience init?(byteCount: Int) {
    guard let base = platform_allocate(byteCount) else { return nil }
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.init(adopting: base, byteCount: byteCount) { platform_free($0) }
  }

  deinit { release(base) }
}
