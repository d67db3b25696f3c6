import Kernels
import TestSupport
import Testing
import TrainingKernels

/// The float kernels of one instruction set.
struct TrainingLevel: @unchecked Sendable, CustomTestStringConvertible {
  let name: String
  let kernels: train_kernels
  var testDescription: String { name }
}

/// The bf16 kernels of one instruction set.
struct NarrowTrainingLevel: @unchecked Sendable, CustomTestStringConvertible {
  let name: String
  let kernels: train_bf16_kernels
  var testDescription: String { name }
}

/// The instruction sets that this machine has float kernels for.
let instructionSets: [kernels_level] = (0..<KERNELS_LEVEL_COUNT.rawValue).map { kernels_level(rawValue: $0) }.filter {
  kernels_level_available($0) == 1 && kernels_level_base($0) == $0
}

let trainingLevels = instructionSets.map {
  TrainingLevel(name: String(cString: kernels_level_name($0)), kernels: train_table_for($0).f32)
}

let narrowTrainingLevels = instructionSets.compactMap { level -> NarrowTrainingLevel? in
  let table = train_table_for(level)
  guard table.multiplies_bf16 != 0 else { return nil }
  return NarrowTrainingLevel(name: String(cString: kernels_level_name(level)), kernels: table.bf16)
}

/// Runs a kernel's shares of `threads` threads one after the other, the last one first.
func onThreads(_ threads: Int, _ body: (_ thread: Int32, _ threads: Int32) -> Void) {
  for thread in (0..<threads).reversed() { body(Int32(thread), Int32(threads)) }
}

/// Rounds to bf16: to nearest, ties to even.
func narrow(_ x: Float) -> UInt16 {
  let bits = x.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}

func widen(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) << 16) }

/// Expects that two lists agree to `tolerance`, absolute.
func expectEqual(_ found: [Float], _ expected: [Double], within tolerance: Double, _ what: @autoclosure () -> String) {
  #expect(found.count == expected.count)
  for (index, (a, b)) in zip(found, expected).enumerated() where !(abs(Double(a) - b) <= tolerance) {
    Issue.record("\(what()): element \(index) is \(a), should be \(b)")
    return
  }
}
