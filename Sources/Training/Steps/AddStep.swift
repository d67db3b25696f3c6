import Kernels
import ModelGraph

/// Add of two activations of the same shape, and the Relu that may follow it. Operands: a, b.
final class AddStep: Step {
  private let rectifies: Bool

  init(place: String, operands: [Operand?], output: Slot, rectifies: Bool) {
    self.rectifies = rectifies
    super.init(place: place, kind: rectifies ? "Add + Relu" : "Add", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { rectifies ? [output] : [] }
  override var passesThrough: Int? { 0 }

  override func forward(_ pass: Pass) throws {
    let (a, b, y) = (pass.activation(input(0)), pass.activation(input(1)), pass.activation(output))
    pass.team.runRanges(output.count(images: pass.images)) { first, count in
      pass.kernels.add(a + first, b + first, y + first, rectifies ? 1 : 0, count)
    }
  }

  override func backward(_ pass: Pass) throws {
    let dy = pass.gradient(output)
    if rectifies {
      let y = pass.activation(output)
      pass.team.runRanges(output.count(images: pass.images)) { first, count in
        pass.kernels.mask(y + first, dy + first, dy + first, count)
      }
    }
    // In reverse: the gradient of operand 0 may share the memory of dy, and adding to it would change dy.
    for index in [1, 0] { pass.passOn(dy, to: input(index), modes[index]) }
  }
}
