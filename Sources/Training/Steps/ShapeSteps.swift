import Kernels
import ModelGraph

/// Flatten, Reshape, Squeeze, Unsqueeze or Identity that moves nothing: the output shares the input's memory. Operand: x.
final class ViewStep: Step {
  override var readsBackward: [Slot] { [] }
  override var passesThrough: Int? { 0 }
  override var isView: Bool { true }

  override func forward(_ pass: Pass) throws {}

  override func backward(_ pass: Pass) throws {
    pass.passOn(pass.gradient(output), to: input(), modes[0])
  }
}

/// Flatten and Reshape of channels-last pictures to rows in ONNX's order. Operand: x.
final class FlattenStep: Step {
  override var readsBackward: [Slot] { [] }
  override var scratchCount: Int { output.shape.count }

  override func forward(_ pass: Pass) throws {
    let (x, y) = (pass.activation(input()), pass.activation(output))
    let (images, channels, pixels) = (Int32(pass.images), Int32(input().channels), Int32(input().pixels))
    pass.team.run { thread, threads in
      pass.kernels.to_channels_first(x, y, images, channels, pixels, 0, thread, threads)
    }
  }

  override func backward(_ pass: Pass) throws {
    let dx = pass.gradient(input())
    let target = modes[0] == .accumulate ? scratchMemory(pass, backward: true) : dx
    let dy = pass.gradient(output)
    let (images, channels, pixels) = (Int32(pass.images), Int32(input().channels), Int32(input().pixels))
    pass.team.run { thread, threads in
      pass.kernels.to_channels_last(dy, target, images, channels, pixels, thread, threads)
    }
    if modes[0] == .accumulate { pass.passOn(target, to: input(), .accumulate) }
  }
}

/// Concat along the channels. Operands: one or more activations.
final class ConcatStep: Step {
  init(place: String, operands: [Operand?], output: Slot) {
    super.init(place: place, kind: "Concat", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { [] }

  override func forward(_ pass: Pass) throws {
    let y = pass.activation(output)
    forEachPart { index, first in
      let (x, channels, all) = (pass.activation(input(index)), input(index).channels, output.channels)
      pass.team.run { thread, threads in
        for row in rows(pass, thread, threads) {
          (y + row * all + first).update(from: x + row * channels, count: channels)
        }
      }
    }
  }

  override func backward(_ pass: Pass) throws {
    let dy = pass.gradient(output)
    forEachPart { index, first in
      if modes[index] == .unwanted { return }
      let (dx, channels, all) = (pass.gradient(input(index)), input(index).channels, output.channels)
      let adds: Int32 = modes[index] == .accumulate ? 1 : 0
      pass.team.run { thread, threads in
        for row in rows(pass, thread, threads) {
          pass.kernels.scale(dy + row * all + first, dx + row * channels, 1, adds, channels)
        }
      }
    }
  }

  private func forEachPart(_ body: (_ index: Int, _ firstChannel: Int) -> Void) {
    var first = 0
    for index in operands.indices {
      body(index, first)
      first += input(index).channels
    }
  }

  private func rows(_ pass: Pass, _ thread: Int32, _ threads: Int32) -> Range<Int> {
    let count = pass.images * output.pixels
    return count * Int(thread) / Int(threads)..<count * Int(thread + 1) / Int(threads)
  }
}

/// Dropout: in training, each number becomes 0 with probability `ratio`, else it is divided by 1 − ratio. The mask is a hash
/// of the pass's key and the number's index; the backward pass computes it again. Operand: x.
final class DropoutStep: Step {
  private let ratio: Float
  /// Makes the masks of two Dropout nodes different.
  private let salt: UInt64

  init(place: String, operands: [Operand?], output: Slot, ratio: Float, salt: UInt64) {
    self.ratio = ratio
    self.salt = salt
    super.init(place: place, kind: "Dropout", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { [] }
  override var passesThrough: Int? { 0 }

  override func forward(_ pass: Pass) throws {
    run(pass, pass.activation(input()), pass.activation(output), adds: false)
  }

  override func backward(_ pass: Pass) throws {
    run(pass, pass.gradient(output), pass.gradient(input()), adds: modes[0] == .accumulate)
  }

  private func run(_ pass: Pass, _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, adds: Bool) {
    let key = pass.key ^ (salt &* 0x9E37_79B9_7F4A_7C15)
    let ratio = pass.isTraining ? ratio : 0
    // The mask depends on a picture's place in the whole batch, not on the rank that has it.
    let before = output.isBatched ? (pass.share?.first ?? 0) * output.count(images: 1) : 0
    pass.team.runRanges(output.count(images: pass.images)) { first, count in
      pass.kernels.dropout(x + first, y + first, ratio, key, UInt64(before + first), adds ? 1 : 0, count)
    }
  }
}
