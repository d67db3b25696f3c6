import Kernels
import ModelGraph
import Text

/// `f32_affine`: batch normalisation that no pass could fold, as a scale and a shift for each channel.
final class AffineStep: Step {
  private var parameters = f32_affine()
  private let scale, bias, mean, variance: Graph.ValueID
  private let epsilon: Float

  private init(_ shape: Shape, _ constants: [Graph.ValueID], epsilon: Float, _ planner: Planner) {
    parameters.isa = planner.level
    parameters.channels = shape[1]
    parameters.rows = shape.count / shape[1]
    (parameters.low, parameters.high) = (-.infinity, .infinity)
    f32_affine_plan(&parameters)
    (scale, bias, mean, variance) = (constants[0], constants[1], constants[2], constants[3])
    self.epsilon = epsilon
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .batchNormalization(let norm) = candidate.node.operation, !norm.trainingMode, !norm.isPerElement,
      let x = planner.floatVariable(candidate[BatchNormalization.Input.x]), planner.shape(x).rank >= 2
    else { return false }
    var constants: [Graph.ValueID] = []
    typealias Input = BatchNormalization.Input
    for input in [Input.scale, Input.b, Input.mean, Input.variance] {
      guard let id = candidate[input], planner.isKnown(id), planner.isFloat(id) else { return false }
      constants.append(id)
    }
    let reads = [try planner.operand(x, .channelsLast)]
    planner.append(
      AffineStep(planner.shape(x), constants, epsilon: norm.epsilon, planner), for: candidate.node, reads: reads,
      writes: [planner.newBuffer(candidate.output, .channelsLast)])
    return true
  }

  var kernel: String { "f32_affine" }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: 2 * parameters.channels * 4, scratchBytes: 0, zeroBytes: 0, weights: nil,
      others: [scale, bias, mean, variance])
  }

  /// The scale γ/√(σ²+ε) of each channel, then the shifts β − μ · scale.
  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    let channels = parameters.channels
    parameters.scale = UnsafePointer(packed)
    parameters.shift = UnsafePointer(packed + channels)
    guard let scale = packer.constant(scale), let bias = packer.constant(bias), let mean = packer.constant(mean),
      let variance = packer.constant(variance)
    else { return }
    let (scales, biases) = (scale.array(of: Float.self), bias.array(of: Float.self))
    let (means, variances) = (mean.array(of: Float.self), variance.array(of: Float.self))
    for channel in 0..<channels {
      let factor = Double(scales[channel]) / (Double(variances[channel]) + Double(epsilon)).squareRoot()
      packed[channel] = Float(factor)
      packed[channels + channel] = Float(Double(biases[channel]) - Double(means[channel]) * factor)
    }
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_affine_task, parameters, tasks: parameters.tasks)
  }
}
