import Kernels
import ModelGraph
import Text

/// `q8_add`: the sum of two 8-bit values of one shape, each on a grid of its own, with the Clip that follows.
final class QuantizedAddStep: Step {
  private var parameters = q8_add()

  private init(_ a: Grid, _ b: Grid, _ to: Grid, bounds: (low: Int32, high: Int32), count: Int, _ level: kernels_level)
  {
    (parameters.isa, parameters.count) = (level, count)
    (parameters.a_signed, parameters.a_zero, parameters.a_multiplier) = (a.isSigned, a.zero, a.scale / to.scale)
    (parameters.b_signed, parameters.b_zero, parameters.b_multiplier) = (b.isSigned, b.zero, b.scale / to.scale)
    (parameters.zero, parameters.low, parameters.high) = (to.zero, bounds.low, bounds.high)
    q8_add_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    guard case .qLinearAdd = node.operation else { return false }
    // A convolution that this sum absorbed, but whose kernel did not fit: its node was passed over so far.
    if let product = planner.chains.product[candidate.index] {
      try ReferenceStep.plan(planner.graph.nodes[product], planner)
    }
    typealias Input = QLinearAdd.Input
    guard let a = node[Input.a], let b = node[Input.b], !planner.isKnown(a), !planner.isKnown(b),
      planner.shape(a) == planner.shape(b),
      let first = planner.grid(of: a, node, Input.aScale, Input.aZeroPoint),
      let second = planner.grid(of: b, node, Input.bScale, Input.bZeroPoint),
      let to = planner.grid(of: candidate.output, node, Input.cScale, Input.cZeroPoint)
    else { return false }
    let clip = planner.chains.clip[candidate.index]
    let bounds = (low: clip?.low ?? to.low, high: clip?.high ?? to.high)
    let layout: Layout = planner.prefersChannelsLast(a) || planner.prefersChannelsLast(b) ? .channelsLast : .plain
    let reads = [try planner.operand(a, layout), try planner.operand(b, layout)]
    planner.append(
      QuantizedAddStep(first, second, to, bounds: bounds, count: planner.shape(a).count, planner.level), for: node,
      reads: reads, writes: [planner.newBuffer(clip?.output ?? candidate.output, layout)])
    return true
  }

  var kernel: String { "q8_add" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.a = binder.address(0)
    parameters.b = binder.address(1)
    parameters.y = binder.result()
    binder.call(q8_add_task, parameters, tasks: parameters.tasks)
  }
}

extension QLinearAdd {
  /// One of the two summands, with its grid.
  typealias Summand = (x: OperatorInput, scale: OperatorInput, zeroPoint: OperatorInput)

  static var a: Summand { (Input.a, Input.aScale, Input.aZeroPoint) }
  static var b: Summand { (Input.b, Input.bScale, Input.bZeroPoint) }
}
