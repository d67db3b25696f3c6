import Kernels
import ModelGraph
import Text

/// `f32_softmax`: softmax or its logarithm over the innermost axis, or over axes inside which all others are 1.
final class SoftmaxStep: Step {
  private var parameters = f32_softmax()

  private init(rows: Int, columns: Int, logarithm: Bool, _ planner: Planner) {
    parameters.isa = planner.level
    (parameters.rows, parameters.columns, parameters.logarithm) = (rows, columns, logarithm ? 1 : 0)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let (axis, logarithm): (SoftmaxAxis, Bool)
    switch candidate.node.operation {
    case .softmax(let softmax): (axis, logarithm) = (softmax.axis, false)
    case .logSoftmax(let softmax): (axis, logarithm) = (softmax.axis, true)
    default: return false
    }
    guard let x = planner.floatVariable(candidate.node.firstInput) else { return false }
    let split = try axis.split(planner.shape(x), of: candidate.node.operation.name)
    guard split.inner == 1 else { return false }
    let reads = [try planner.operand(x, .plain)]
    planner.append(
      SoftmaxStep(rows: split.outer, columns: split.count, logarithm: logarithm, planner), for: candidate.node,
      reads: reads, writes: [planner.newBuffer(candidate.output, .plain)])
    return true
  }

  var kernel: String { "f32_softmax" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_softmax_task, parameters, tasks: parameters.rows)
  }
}
