/// A training step with kernels for bf16 operands. All other steps read and write float.
protocol Bfloat16Step: Step {
  /// What the step reads and writes as bf16 while training; nil if it was planned in float.
  var bfloat16Operands: Bfloat16Operands? { get }
}

/// Which values a step can read and write as bf16. ``NarrowCopies`` asks every step and decides.
struct Bfloat16Operands {
  /// How a step reads operand 0 while training.
  enum Input {
    /// As float, forward and backward.
    case float
    /// As bf16, forward and backward. If no other step writes the bf16 copy, this step writes it from the float input.
    case bfloat16
    /// As float in the forward pass and as bf16 in the backward pass.
    case floatForward
    /// As bf16 if another step writes the bf16 copy. Else this step reads the float input and writes the copy itself.
    case bfloat16OfAnother
  }

  /// When a step can write the gradient of an operand as bf16.
  enum GradientWriting {
    /// If no other step contributes to that gradient.
    case ifAlone
    /// If this step contributes first and the others add to it.
    case ifFirst
    /// Always: it can also add to a bf16 gradient.
    case always
  }

  var input = Input.float
  /// Operands other than 0 that this step can read as bf16, provided that no other step reads them as float.
  var otherInputs: [Int] = []
  /// Whether the backward pass reads the output as bf16.
  var readsOutput = false
  /// Whether it can write its output as bf16, beside the float output or instead of it.
  var writesOutput = false
  /// Whether the backward pass can read the output's gradient as bf16.
  var readsOutputGradient = false
  /// Operands whose gradient it can write as bf16.
  var gradients: [Int: GradientWriting] = [:]

  /// Whether it reads a bf16 copy of operand 0 in some pass.
  var readsInput: Bool { input != .float }
}

extension Step {
  /// nil for steps without bf16 kernels.
  var operandsInBfloat16: Bfloat16Operands? { (self as? any Bfloat16Step)?.bfloat16Operands }

  /// Whether training needs operand 0 as float. Depends on who writes its bf16 copy.
  var readsFloatInput: Bool {
    switch operandsInBfloat16?.input {
    case nil, .float, .floatForward: true
    case .bfloat16: false
    case .bfloat16OfAnother: input().narrowMaker === self
    }
  }
}
