import ModelGraph
import Platform
import Text

/// One block of memory that a plan or an engine owns: the only place in this module that allocates and frees.
///
/// A block is not `Sendable`. An activation block belongs to one engine, whose threads write to different parts of it;
/// a weight block is written while a plan packs its weights and only read afterwards.
public final class MemoryBlock {
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Uninitialised and 64-byte aligned memory, or nil if the system has none left. A page takes no physical memory
  /// before its first write.
  public init?(byteCount: Int) {
    guard let base = platform_allocate_region(byteCount) else { return nil }
    self.base = base
    self.byteCount = byteCount
  }

  func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
    (base + offset).assumingMemoryBound(to: Float.self)
  }

  deinit { platform_free_region(base, byteCount) }

  /// `byteCount` in whole cache lines: no two buffers share one.
  public static func rounded(_ byteCount: Int) -> Int { (byteCount + 63) & ~63 }

  /// A block for `purpose`; throws E212 if the system has no memory left.
  static func allocate(_ byteCount: Int, for purpose: String) throws(GraphError) -> MemoryBlock {
    guard let block = MemoryBlock(byteCount: byteCount) else {
      throw GraphError(.tooLarge, "no memory for \(byteCount) bytes of \(purpose)")
    }
    return block
  }
}
