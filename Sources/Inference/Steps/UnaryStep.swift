import Kernels
import ModelGraph

/// `f32_unary`: a function of each float, in whatever layout the input has.
final class UnaryStep: Step {
  private var parameters = f32_unary()

  init(_ activation: Activation, count: Int, _ planner: Planner) {
    parameters.isa = planner.isa
    parameters.count = count
    parameters.function = F32_CLAMP
    (parameters.a, parameters.b) = activation.clampBounds
    switch activation {
    case .none, .relu, .clip: break
    case .leakyRelu(let alpha): (parameters.function, parameters.a) = (F32_LEAKY, alpha)
    case .sigmoid: parameters.function = F32_SIGMOID
    case .hardSigmoid(let alpha, let beta):
      (parameters.function, parameters.a, parameters.b) = (F32_HARD_SIGMOID, alpha, beta)
    case .hardSwish: parameters.function = F32_HARD_SWISH
    }
    f32_unary_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let x = planner.floatVariable(candidate.node.firstInput), let activation = activation(candidate, planner)
    else {
      return false
    }
    let layout = planner.home(x)
    let source = try planner.operand(x, layout)
    planner.append(
      UnaryStep(activation, count: planner.shape(x).count, planner), for: candidate.node, reads: [source],
      writes: [planner.newBuffer(candidate.output, layout)])
    return true
  }

  /// The function that the node computes; nil for other nodes, and for a Clip whose bounds are not known.
  private static func activation(_ candidate: Candidate, _ planner: Planner) -> Activation? {
    switch candidate.node.operation {
    case .relu: return .relu
    case .leakyRelu(let leaky): return .leakyRelu(alpha: leaky.alpha)
    case .sigmoid: return .sigmoid
    case .hardSigmoid(let hard): return .hardSigmoid(alpha: hard.alpha, beta: hard.beta)
    case .hardSwish: return .hardSwish
    case .clip:
      guard let (low, high) = candidate.node.clipBounds(planner.constant) else { return nil }
      return .clip(min: low, max: high)
    default: return nil
    }
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

extension Activation {
  /// Whether the activation is a clamp, which is all that the epilogue of a convolution kernel can do.
  var isClamp: Bool {
    switch self {
    case .none, .relu, .clip: true
    case .leakyRelu, .sigmoid, .hardSigmoid, .hardSwish: false
    }
  }

  /// The bounds of the clamp; infinite for an activation that is none. A bound that is NaN bounds nothing: instruction sets
  /// disagree about minima with a NaN.
  var clampBounds: (low: Float, high: Float) {
    switch self {
    case .relu: (0, .infinity)
    case .clip(let min, let max): (min.isNaN ? -.infinity : min, max.isNaN ? .infinity : max)
    default: (-.infinity, .infinity)
    }
  }
}
