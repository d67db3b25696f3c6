import Kernels
import Testing
import TrainingKernels

/// Training's kernels at a level.
struct TrainingLevel: @unchecked Sendable, NamedKernel {
  let name: String
  let kernels: train_kernels
}

/// The same of bf16.
struct NarrowTrainingLevel: @unchecked Sendable, NamedKernel {
  let name: String
  let kernels: train_bf16_kernels
}

/// The levels of training that this machine has.
let trainingLevels = instructionSets.map {
  TrainingLevel(name: $0.testDescription, kernels: train_table_for($0).f32)
}

let narrowTrainingLevels = instructionSets.compactMap { level -> NarrowTrainingLevel? in
  let table = train_table_for(level)
  return table.multiplies_bf16 == 0 ? nil : NarrowTrainingLevel(name: level.testDescription, kernels: table.bf16)
}

/// Runs a kernel's share on each of `threads` threads, one after the other, the last one first.
func onThreads(_ threads: Int, _ body: (_ thread: Int32, _ threads: Int32) -> Void) {
  for thread in (0..<threads).reversed() { body(Int32(thread), Int32(threads)) }
}

/// A float as bf16, to the nearest, halves to even.
func narrow(_ x: Float) -> UInt16 {
  let bits = x.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}

func widen(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) << 16) }
