import Kernels
import ModelGraph
import TrainingKernels

/// Relu, LeakyRelu, Clip, Sigmoid, HardSigmoid, HardSwish. Operand: x.
final class ActivationStep: Step {
  private let function: train_activation
  private let alpha: Float
  private let beta: Float

  init(
    place: String, kind: String, operands: [Operand?], output: Slot, function: train_activation, alpha: Float = 0,
    beta: Float = 0
  ) {
    self.function = function
    self.alpha = alpha
    self.beta = beta
    super.init(place: place, kind: kind, operands: operands, output: output)
  }

  /// The activation that the gradient depends on. Relu takes its mask from the output, which the next layer keeps anyway.
  private var reference: Slot { function == TRAIN_RELU ? output : input() }
  override var readsBackward: [Slot] { [reference] }
  override var passesThrough: Int? { 0 }

  override func forward(_ pass: Pass) throws {
    let (x, y) = (pass.activation(input()), pass.activation(output))
    pass.team.runRanges(output.count(images: pass.images)) { first, count in
      pass.kernels.activate(function, alpha, beta, x + first, y + first, count)
    }
  }

  override func backward(_ pass: Pass) throws {
    let (x, dy, dx) = (pass.activation(reference), pass.gradient(output), pass.gradient(input()))
    let adds: Int32 = modes[0] == .accumulate ? 1 : 0
    pass.team.runRanges(output.count(images: pass.images)) { first, count in
      pass.kernels.activate_gradient(function, alpha, beta, x + first, dy + first, dx + first, adds, count)
    }
  }
}
