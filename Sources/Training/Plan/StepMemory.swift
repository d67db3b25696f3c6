import Inference

/// One block of memory for everything that lives only within a training step: activations, gradients, scratch. Regions
/// whose live ranges do not meet share memory.
final class StepMemory {
  let byteCount: Int
  private let block: MemoryBlock
  private let base: UnsafeMutablePointer<Float>

  init(_ regions: [Region]) throws(TrainingError) {
    byteCount = Arena.place(regions)
    // A page costs nothing before it is written, and every region is written before it is read.
    guard let block = MemoryBlock(byteCount: max(byteCount, 64)) else {
      throw .noActivationMemory(mebibytes: byteCount >> 20)
    }
    self.block = block
    base = block.base.bindMemory(to: Float.self, capacity: block.byteCount / MemoryLayout<Float>.stride)
  }

  subscript(region: Region) -> UnsafeMutablePointer<Float> { base + region.offset }
}
