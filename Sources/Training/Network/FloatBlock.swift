import Platform

/// Memory for floats beyond the arena: weights, moments, gradients on their way to other ranks. Begins as zeros.
final class FloatBlock {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  init(_ count: Int) throws(TrainingError) {
    guard let memory = platform_allocate(max(count, 16) * MemoryLayout<Float>.stride) else {
      throw .noWeightMemory(mebibytes: count >> 18)
    }
    base = memory.bindMemory(to: Float.self, capacity: max(count, 16))
    base.update(repeating: 0, count: max(count, 16))
    self.count = count
  }

  deinit { platform_free(base) }
}
