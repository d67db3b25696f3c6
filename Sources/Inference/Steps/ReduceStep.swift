import Kernels
import ModelGraph
import Text

/// `f32_reduce`: sums, means and extremes over neighbouring axes.
final class ReduceStep: Step {
  private var parameters = f32_reduce()

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    guard let x = planner.floatVariable(node.firstInput) else { return false }
    let axes = node[Reduction.Input.axes]
    if let axes, planner.constant(axes) == nil { return false }
    let (shape, known) = (planner.shape(x), axes.flatMap { planner.constant($0) })
    let (reduction, reduced): (f32_reduction, [Bool])
    switch node.operation {
    case .reduceSum(let reduce):
      (reduction, reduced) = (F32_REDUCE_SUM, try reduce.reducedAxes(of: shape, axes: known))
    case .reduceMean(let reduce):
      (reduction, reduced) = (F32_REDUCE_MEAN, try reduce.reducedAxes(of: shape, axes: known))
    case .reduceSumSquare(let reduce):
      (reduction, reduced) = (F32_REDUCE_SQUARES, try reduce.reducedAxes(of: shape, axes: known))
    case .reduceL2(let reduce):
      (reduction, reduced) = (F32_REDUCE_L2, try reduce.reducedAxes(of: shape, axes: known))
    case .reduceMax(let reduce):
      (reduction, reduced) = (F32_REDUCE_MAX, try reduce.reducedAxes(of: shape, axes: known))
    case .reduceMin(let reduce):
      (reduction, reduced) = (F32_REDUCE_MIN, try reduce.reducedAxes(of: shape, axes: known))
    default: return false
    }
    let places = shape.extents.indices.filter { reduced[$0] && shape[$0] != 1 }
    guard let first = places.first, let last = places.last else { return false }
    guard (first...last).allSatisfy({ reduced[$0] || shape[$0] == 1 }) else { return false }
    let step = ReduceStep()
    (step.parameters.reduction, step.parameters.isa) = (reduction, planner.level)
    step.parameters.outer = shape.extents[..<first].reduce(1, *)
    step.parameters.count = shape.extents[first...last].reduce(1, *)
    step.parameters.inner = shape.extents[(last + 1)...].reduce(1, *)
    f32_reduce_plan(&step.parameters)
    planner.append(
      step, for: node, reads: [try planner.operand(x, .plain)],
      writes: [planner.newBuffer(candidate.output, .plain)])
    return true
  }

  var kernel: String { "f32_reduce" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_reduce_task, parameters, tasks: parameters.tasks)
  }
}
