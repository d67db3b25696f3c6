import Kernels
import ModelGraph

/// `q8_multiply`: the product of two 8-bit values, each on a grid of its own, of one shape, or of a picture and a number
/// for each of its channels.
final class QuantizedMultiplyStep: Step {
  private var parameters = q8_multiply()

  private init(_ a: Grid, _ b: Grid, _ to: Grid, _ shape: Shape, gates: Bool, _ layout: Layout, _ planner: Planner) {
    parameters.isa = planner.level
    (parameters.batch, parameters.pixels, parameters.channels) =
      gates ? (shape[0], shape.planeCount, shape[1]) : (1, shape.count, 1)
    (parameters.planes, parameters.gates) = (layout == .plain ? 1 : 0, gates ? 1 : 0)
    (parameters.a_signed, parameters.a_zero) = (a.isSigned, a.zero)
    (parameters.b_signed, parameters.b_zero) = (b.isSigned, b.zero)
    parameters.multiplier = a.scale * b.scale / to.scale
    (parameters.zero, parameters.low, parameters.high) = (to.zero, to.low, to.high)
    q8_multiply_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    // QLinearMul has its inputs at the same positions.
    typealias Input = QLinearAdd.Input
    guard case .qLinearMul = node.operation, let first = node[Input.a], let second = node[Input.b],
      !planner.isKnown(first), !planner.isKnown(second)
    else { return false }
    let (shape, gates) = (planner.shape(candidate.output), planner.shape(first) != planner.shape(second))
    let swaps = planner.shape(first) != shape
    let (a, b) = swaps ? (QLinearAdd.b, QLinearAdd.a) : (QLinearAdd.a, QLinearAdd.b)
    let (picture, factor) = swaps ? (second, first) : (first, second)
    guard planner.shape(picture) == shape, !gates || planner.shape(factor).isGate(of: shape),
      let from = planner.grid(of: picture, node, a.scale, a.zeroPoint),
      let by = planner.grid(of: factor, node, b.scale, b.zeroPoint),
      let to = planner.grid(of: candidate.output, node, Input.cScale, Input.cZeroPoint)
    else { return false }
    let isLast = planner.prefersChannelsLast(picture) || (!gates && planner.prefersChannelsLast(factor))
    let layout: Layout = isLast ? .channelsLast : .plain
    let reads = [try planner.operand(picture, layout), try planner.operand(factor, layout)]
    planner.append(
      QuantizedMultiplyStep(from, by, to, shape, gates: gates, layout, planner), for: node, reads: reads,
      writes: [planner.newBuffer(candidate.output, layout)])
    return true
  }

  var kernel: String { "q8_multiply" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.a = binder.address(0)
    parameters.b = binder.address(1)
    parameters.y = binder.result()
    binder.call(q8_multiply_task, parameters, tasks: parameters.tasks)
  }
}
