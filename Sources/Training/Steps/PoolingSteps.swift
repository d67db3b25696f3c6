import Kernels
import ModelGraph
import TrainingKernels

/// MaxPool. It saves the index of the tap that each output took. Operand: x.
final class MaxPoolStep: Step {
  private let plane: WindowPlane

  init(place: String, operands: [Operand?], output: Slot, plane: WindowPlane) {
    self.plane = plane
    super.init(place: place, kind: "MaxPool", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { [] }
  override var savedCount: Int { (output.shape.count + 1) / 2 }

  override func forward(_ pass: Pass) throws {
    var pool = train_pool(plane, images: pass.images, channels: output.channels)
    let (x, y, chosen) = (pass.activation(input()), pass.activation(output), indices(pass))
    withUnsafePointer(to: &pool) { pool in
      pass.team.run { thread, threads in pass.kernels.max_pool(pool, x, y, chosen, thread, threads) }
    }
  }

  override func backward(_ pass: Pass) throws {
    var pool = train_pool(plane, images: pass.images, channels: output.channels)
    let (dy, dx, chosen) = (pass.gradient(output), pass.gradient(input()), indices(pass))
    let adds: Int32 = modes[0] == .accumulate ? 1 : 0
    withUnsafePointer(to: &pool) { pool in
      pass.team.run { thread, threads in pass.kernels.max_pool_gradient(pool, dy, chosen, dx, adds, thread, threads) }
    }
  }

  private func indices(_ pass: Pass) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(savedMemory(pass)).assumingMemoryBound(to: UInt16.self)
  }
}

/// GlobalAveragePool, and ReduceMean over the spatial axes. Operand: x.
final class GlobalAveragePoolStep: Step {
  init(place: String, operands: [Operand?], output: Slot) {
    super.init(place: place, kind: "GlobalAveragePool", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { [] }

  override func forward(_ pass: Pass) throws {
    let (x, y) = (pass.activation(input()), pass.activation(output))
    let (images, pixels, channels) = (Int32(pass.images), Int32(input().pixels), Int32(input().channels))
    pass.team.run { thread, threads in pass.kernels.average(x, y, images, pixels, channels, thread, threads) }
  }

  override func backward(_ pass: Pass) throws {
    let (dy, dx) = (pass.gradient(output), pass.gradient(input()))
    let (images, pixels, channels) = (Int32(pass.images), Int32(input().pixels), Int32(input().channels))
    let adds: Int32 = modes[0] == .accumulate ? 1 : 0
    pass.team.run { thread, threads in
      pass.kernels.average_gradient(dy, dx, images, pixels, channels, adds, thread, threads)
    }
  }
}

/// GlobalMaxPool, and ReduceMax over the spatial axes. It saves the pixel that each channel took. Operand: x.
final class GlobalMaxPoolStep: Step {
  init(place: String, operands: [Operand?], output: Slot) {
    super.init(place: place, kind: "GlobalMaxPool", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { [] }
  override var savedCount: Int { output.shape.count }

  override func forward(_ pass: Pass) throws {
    let (x, y, chosen) = (pass.activation(input()), pass.activation(output), indices(pass))
    let (images, pixels, channels) = (Int32(pass.images), Int32(input().pixels), Int32(input().channels))
    pass.team.run { thread, threads in pass.kernels.maximum(x, y, chosen, images, pixels, channels, thread, threads) }
  }

  override func backward(_ pass: Pass) throws {
    let (dy, dx, chosen) = (pass.gradient(output), pass.gradient(input()), indices(pass))
    let (images, pixels, channels) = (Int32(pass.images), Int32(input().pixels), Int32(input().channels))
    let adds: Int32 = modes[0] == .accumulate ? 1 : 0
    pass.team.run { thread, threads in
      pass.kernels.maximum_gradient(dy, chosen, dx, images, pixels, channels, adds, thread, threads)
    }
  }

  private func indices(_ pass: Pass) -> UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(savedMemory(pass)).assumingMemoryBound(to: Int32.self)
  }
}
