import Kernels
import ModelGraph
import Text

/// `f32_affine`: batch normalisation that no pass could fold, with the clamp behind it.
///
/// Where a 1×1 convolution alone reads the result, that step computes it, block by block, as pre-activation networks have it (He et
/// al., "Identity Mappings in Deep Residual Networks", 2016).
final class AffineStep: Step {
  private var parameters = f32_affine()
  private let affine: ChannelAffine
  private let slice: Slice

  private init(_ affine: ChannelAffine, _ slice: Slice, _ planner: Planner) {
    let shape = planner.shape(affine.x)
    parameters.isa = planner.level
    parameters.channels = shape[1]
    parameters.rows = shape.count / shape[1]
    (parameters.low, parameters.high) = affine.bounds
    f32_affine_plan(&parameters)
    (self.affine, self.slice) = (affine, slice)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard var affine = ChannelAffine(candidate, planner) else { return false }
    var output = candidate.output
    if let reader = planner.onlyReader[output], case let next = planner.graph.nodes[reader],
      let clamp = FloatChains.activation(next, planner.constant), clamp.isClamp, let clamped = next.firstOutput,
      planner.isFloat(clamped)
    {
      affine.bounds = clamp.clampBounds
      output = clamped
      planner.absorb(reader)
    }
    if !planner.multipliesBfloat16, let next = try planner.onlyConvolution(of: output),
      planner.noteBefore(affine, of: output, next.layer.geometry)
    {
      return true
    }
    let (read, slice) = try planner.slicedOperand(affine.x)
    planner.append(
      AffineStep(affine, slice, planner), for: candidate.node, reads: [read],
      writes: [planner.newBuffer(output, .channelsLast)])
    return true
  }

  var kernel: String { "f32_affine" }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: affine.packedCount * 4, scratchBytes: 0, zeroBytes: 0, weights: nil, others: affine.constants)
  }

  func pack(_ packer: Packer) { affine.pack(packer, packer.room.assumingMemoryBound(to: Float.self), &parameters) }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0, slice)
    parameters.x_stride = slice.stride
    parameters.y = binder.floatResult()
    binder.call(f32_affine_task, parameters, tasks: parameters.tasks)
  }
}
