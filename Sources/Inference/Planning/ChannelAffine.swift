import Kernels
import ModelGraph

/// Batch normalisation that no pass could fold, with the clamp behind it: a scale, a shift and bounds for each channel.
struct ChannelAffine {
  let x: Graph.ValueID
  private let scale, bias, mean, variance: Graph.ValueID
  private let epsilon: Float
  private let channels: Int
  var bounds: (low: Float, high: Float) = (-.infinity, .infinity)

  /// nil if the candidate is something else, or is not known before a run.
  init?(_ candidate: Candidate, _ planner: Planner) {
    typealias Input = BatchNormalization.Input
    guard case .batchNormalization(let norm) = candidate.node.operation, !norm.trainingMode, !norm.isPerElement,
      let x = planner.floatVariable(candidate[Input.x]), planner.shape(x).rank >= 2
    else { return nil }
    var constants: [Graph.ValueID] = []
    for input in [Input.scale, Input.b, Input.mean, Input.variance] {
      guard let id = candidate[input], planner.isKnown(id), planner.isFloat(id) else { return nil }
      constants.append(id)
    }
    self.x = x
    (scale, bias, mean, variance) = (constants[0], constants[1], constants[2], constants[3])
    (epsilon, channels) = (norm.epsilon, planner.shape(x)[1])
  }

  var constants: [Graph.ValueID?] { [scale, bias, mean, variance] }
  var packedCount: Int { 2 * channels }

  /// The scale γ/√(σ²+ε) of each channel, then the shifts β − μ · scale.
  func pack(_ packer: Packer, _ packed: UnsafeMutablePointer<Float>, _ parameters: inout f32_affine) {
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
}
