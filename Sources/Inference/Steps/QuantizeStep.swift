import Kernels
import ModelGraph
import Text

/// `q8_quantize`: floats to 8-bit integers, with their channels moved last on the way.
final class QuantizeStep: Step {
  private var parameters = q8_quantize()

  private init(_ to: Grid, _ shape: Shape, movesChannelsLast: Bool, _ planner: Planner) {
    (parameters.isa, parameters.scale, parameters.zero) = (planner.level, to.scale, to.zero)
    (parameters.low, parameters.high) = (to.low, to.high)
    parameters.planes = movesChannelsLast ? 1 : 0
    (parameters.batch, parameters.pixels, parameters.channels) =
      movesChannelsLast ? (shape[0], shape.planeCount, shape[1]) : (1, shape.count, 1)
    q8_quantize_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .quantizeLinear(let quantize) = candidate.node.operation, quantize.isPlain,
      let x = planner.floatVariable(candidate[QuantizeLinear.Input.x]),
      let to = planner.grid(
        of: candidate.output, candidate.node, QuantizeLinear.Input.scale, QuantizeLinear.Input.zeroPoint)
    else { return false }
    let shape = planner.shape(x)
    let movesChannelsLast = !shape.layoutsAgree && !planner.prefersChannelsLast(x)
    let source: Operand
    if movesChannelsLast, let input = planner.untouchedInput(x) {
      source = input
    } else {
      source = try planner.operand(x, movesChannelsLast ? .plain : .channelsLast)
    }
    planner.append(
      QuantizeStep(to, shape, movesChannelsLast: movesChannelsLast, planner), for: candidate.node, reads: [source],
      writes: [planner.newBuffer(candidate.output, .channelsLast)])
    return true
  }

  var kernel: String { "q8_quantize" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.result()
    binder.call(q8_quantize_task, parameters, tasks: parameters.tasks) {
      $0.assumingMemoryBound(to: q8_quantize.self).pointee.x = $1?.assumingMemoryBound(to: Float.self)
    }
  }
}
