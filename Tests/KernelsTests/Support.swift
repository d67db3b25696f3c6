import Glibc
import Kernels
import Testing

/// The instruction sets this machine can run: every kernel is tested at each.
let instructionSets = instructionSets8.filter { kernels_level_base($0) == $0 }

/// Numbers that end where memory ends: one read or write too far ends the program.
final class Guarded<Number: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Number>
  let count: Int
  private let region: UnsafeMutableRawPointer
  private let byteCount: Int

  /// - Parameter aligned: starts on a cache line; up to 63 bytes then lie between its end and the guard.
  init(_ values: [Number], aligned: Bool = false) throws {
    let page = 4096
    let bytes = values.count * MemoryLayout<Number>.stride
    let pages = (bytes + page - 1) / page + 1
    byteCount = pages * page
    let mapped = try #require(mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    region = mapped
    let wall = mapped + (pages - 1) * page
    mprotect(wall, page, PROT_NONE)
    base = (wall - (aligned ? (bytes + 63) & ~63 : bytes)).assumingMemoryBound(to: Number.self)
    count = values.count
    base.update(from: values, count: values.count)
  }

  deinit { munmap(region, byteCount) }

  var array: [Number] { Array(UnsafeBufferPointer(start: base, count: count)) }
}

typealias GuardedFloats = Guarded<Float>

/// The same numbers every time.
struct Noise {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return range.lowerBound + Int(state >> 33) % range.count
  }
}

/// Whether two lists agree to `tolerance`, absolute.
func expectEqual(_ found: [Float], _ expected: [Double], within tolerance: Double, _ what: @autoclosure () -> String) {
  #expect(found.count == expected.count)
  for (index, (a, b)) in zip(found, expected).enumerated() where !(abs(Double(a) - b) <= tolerance) {
    Issue.record("\(what()): element \(index) is \(a), should be \(b)")
    return
  }
}
