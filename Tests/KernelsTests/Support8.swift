import Glibc
import Kernels
import Testing

/// The levels of the 8-bit kernels that this machine can run.
let instructionSets8: [kernels_level] = (0..<KERNELS_LEVEL_COUNT.rawValue).map { kernels_level(rawValue: $0) }
  .filter { kernels_level_available($0) == 1 }

extension kernels_level: @retroactive CustomTestStringConvertible {
  public var testDescription: String { String(cString: kernels_level_name(self)) }
}

/// Bytes that end where memory ends: one read or write too far ends the program.
final class GuardedBytes {
  let base: UnsafeMutableRawPointer
  let count: Int
  private let region: UnsafeMutableRawPointer
  private let byteCount: Int

  /// - Parameter aligned: starts on a cache line; up to 63 bytes then lie between its end and the guard.
  init(count: Int, filledWith byte: UInt8 = 0xa5, aligned: Bool = false) throws {
    let page = 4096
    let pages = (count + page - 1) / page + 1
    byteCount = pages * page
    let mapped = try #require(mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    region = mapped
    let wall = mapped + (pages - 1) * page
    mprotect(wall, page, PROT_NONE)
    base = wall - (aligned ? (count + 63) & ~63 : count)
    self.count = count
    memset(base, Int32(byte), count)
  }

  /// Values of 0 ... 255 or −128 ... 127, a byte each.
  convenience init(_ values: [Int]) throws {
    try self.init(count: values.count)
    for (index, value) in values.enumerated() {
      base.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: index, as: UInt8.self)
    }
  }

  deinit { munmap(region, byteCount) }

  func values(signed: Bool) -> [Int] {
    (0..<count).map {
      signed ? Int(base.load(fromByteOffset: $0, as: Int8.self)) : Int(base.load(fromByteOffset: $0, as: UInt8.self))
    }
  }
}

/// Whether quantised values are what exact arithmetic gives: at most one step off, in at most 0.1 % of them (and one more,
/// for small tensors).
func expectQuantised(_ found: [Int], _ expected: [Int], _ what: @autoclosure () -> String) {
  #expect(found.count == expected.count)
  var off = 0
  for (index, (a, b)) in zip(found, expected).enumerated() where a != b {
    off += 1
    if abs(a - b) > 1 {
      Issue.record("\(what()): element \(index) is \(a), should be \(b)")
      return
    }
  }
  if off > 1 + found.count / 1000 { Issue.record("\(what()): \(off) of \(found.count) are one step off") }
}
