import Kernels
import ModelGraph
import Text

/// `f32_unary`: a function of each float, in whatever layout the input has.
final class UnaryStep: Step {
  private var parameters = f32_unary()

  init(_ function: UnaryFunction, count: Int, _ planner: Planner) {
    parameters.isa = planner.level
    parameters.count = count
    (parameters.function, parameters.a, parameters.b) = (function.function, function.a, function.b)
    f32_unary_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let x = planner.floatVariable(candidate.node.firstInput),
      let function = UnaryFunction(candidate.node, planner.constant)
    else { return false }
    let layout = planner.home(x)
    let source = try planner.operand(x, layout)
    planner.append(
      UnaryStep(function, count: planner.shape(x).count, planner), for: candidate.node, reads: [source],
      writes: [planner.newBuffer(candidate.output, layout)])
    return true
  }

  var kernel: String { "f32_unary" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_unary_task, parameters, tasks: parameters.tasks)
  }
}

/// A function that `f32_unary` computes, with its parameters.
struct UnaryFunction {
  let function: f32_function
  var a: Float = 0
  var b: Float = 0

  private init(_ function: f32_function, a: Float = 0, b: Float = 0) {
    self.function = function
    self.a = a
    self.b = b
  }

  /// The function that a node computes. nil for other nodes, and for a Clip whose bounds are not known.
  ///
  /// - Parameter constant: the value of an input, where it is known.
  init?(_ node: Graph.Node, _ constant: (Graph.ValueID) -> Tensor?) {
    if let activation = Activation(node.operation) {
      self.init(activation)
      return
    }
    switch node.operation {
    case .elu(let elu): self.init(F32_ELU, a: elu.alpha)
    case .fastGelu where node[FastGelu.Input.bias] == nil: self.init(F32_GELU_TANH)
    case .erf: self.init(F32_ERF)
    case .exp: self.init(F32_EXP)
    case .sqrt: self.init(F32_SQRT)
    case .reciprocal: self.init(F32_RECIPROCAL)
    case .abs: self.init(F32_ABS)
    case .neg: self.init(F32_NEG)
    case .clip:
      guard let (low, high) = node.clipBounds(constant) else { return nil }
      self.init(.clip(min: low, max: high))
    default: return nil
    }
  }

  init(_ activation: Activation) {
    switch activation {
    case .none, .relu, .clip:
      let (low, high) = activation.clampBounds
      self.init(F32_CLAMP, a: low, b: high)
    case .leakyRelu(let alpha): self.init(F32_LEAKY, a: alpha)
    case .sigmoid: self.init(F32_SIGMOID)
    case .hardSigmoid(let alpha, let beta): self.init(F32_HARD_SIGMOID, a: alpha, b: beta)
    case .hardSwish: self.init(F32_HARD_SWISH)
    case .swish(let alpha): self.init(F32_SWISH, a: alpha)
    case .gelu: self.init(F32_GELU)
    case .approximateGelu: self.init(F32_GELU_TANH)
    case .mish: self.init(F32_MISH)
    case .tanh: self.init(F32_TANH)
    }
  }
}

extension f32_activation {
  /// What a layer's kernel applies behind its clamp: nothing for an activation that is a clamp itself.
  init(_ activation: Activation) {
    let function = UnaryFunction(activation)
    self.init(
      applies: activation.isClamp ? 0 : 1, function: function.function, a: function.a, b: function.b)
  }
}

extension Activation {
  /// Whether the activation is a clamp, which micro-kernels apply before they store.
  var isClamp: Bool {
    switch self {
    case .none, .relu, .clip: true
    case .leakyRelu, .sigmoid, .hardSigmoid, .hardSwish, .swish, .gelu, .approximateGelu, .mish, .tanh: false
    }
  }

  /// The bounds of the clamp; infinite for an activation that is none. A bound that is NaN bounds nothing: instruction
  /// sets disagree about minima with a NaN.
  var clampBounds: (low: Float, high: Float) {
    switch self {
    case .relu: (0, .infinity)
    case .clip(let min, let max): (min.isNaN ? -.infinity : min, max.isNaN ? .infinity : max)
    default: (-.infinity, .infinity)
    }
  }
}
