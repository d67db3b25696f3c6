import Glibc

/// Numbers whose last byte is the last accessible one: a read or write beyond it ends the program.
public final class Guarded<Number: BitwiseCopyable> {
  public let base: UnsafeMutablePointer<Number>
  public let count: Int
  private let region: UnsafeMutableRawPointer
  private let byteCount: Int

  /// - Parameter aligned: starts on a cache line; up to 63 bytes then lie between its end and the guard.
  public init(_ values: [Number], aligned: Bool = false) throws {
    let page = 4096
    let bytes = values.count * MemoryLayout<Number>.stride
    let pages = (bytes + page - 1) / page + 1
    byteCount = pages * page
    let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { throw NoMemory() }
    region = mapped
    let wall = mapped + (pages - 1) * page
    mprotect(wall, page, PROT_NONE)
    base = (wall - (aligned ? (bytes + 63) & ~63 : bytes)).assumingMemoryBound(to: Number.self)
    count = values.count
    base.update(from: values, count: values.count)
  }

  public struct NoMemory: Error {}

  deinit { munmap(region, byteCount) }

  public var array: [Number] { Array(UnsafeBufferPointer(start: base, count: count)) }
}

public typealias GuardedFloats = Guarded<Float>
