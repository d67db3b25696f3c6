import Kernels
import ModelGraph
import Text

/// `q8_dequantize`: 8-bit integers to floats, in whatever layout they are.
final class DequantizeStep: Step {
  private var parameters = q8_dequantize()

  private init(_ from: Grid, count: Int, _ planner: Planner) {
    (parameters.isa, parameters.scale, parameters.zero) = (planner.level, from.scale, from.zero)
    parameters.x_signed = from.isSigned
    (parameters.batch, parameters.pixels, parameters.channels) = (1, count, 1)
    q8_dequantize_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .dequantizeLinear(let dequantize) = candidate.node.operation, dequantize.isPlain,
      let x = candidate[DequantizeLinear.Input.x], !planner.isKnown(x),
      let from = planner.grid(
        of: x, candidate.node, DequantizeLinear.Input.scale, DequantizeLinear.Input.zeroPoint)
    else { return false }
    let layout = planner.home(x)
    let source = try planner.operand(x, layout)
    planner.append(
      DequantizeStep(from, count: planner.shape(x).count, planner), for: candidate.node, reads: [source],
      writes: [planner.newBuffer(candidate.output, layout)])
    return true
  }

  var kernel: String { "q8_dequantize" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.floatResult()
    binder.call(q8_dequantize_task, parameters, tasks: parameters.tasks)
  }
}
