import Kernels
import ModelGraph
import Text

/// `f32_row_norm`: LayerNormalization and RMSNormalization with a factor for each element of a row.
final class RowNormStep: Step {
  private var parameters = f32_row_norm()

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    let step = RowNormStep()
    let (axis, scale, shift): (Int, Graph.ValueID?, Graph.ValueID?)
    switch node.operation {
    case .layerNormalization(let norm):
      typealias Input = LayerNormalization.Input
      (axis, scale, shift) = (norm.axis, node[Input.scale], node[Input.b])
      (step.parameters.subtracts_mean, step.parameters.epsilon) = (1, norm.epsilon)
    case .rmsNormalization(let norm):
      (axis, scale, shift) = (norm.axis, node[RMSNormalization.Input.scale], nil)
      step.parameters.epsilon = norm.epsilon
    default: return false
    }
    guard let x = planner.floatVariable(node.firstInput), let scale, planner.isFloat(scale) else { return false }
    let shape = planner.shape(x)
    let first = try shape.axis(axis, of: node.operation.name)
    let rows = shape.extents[..<first].reduce(1, *)
    step.parameters.isa = planner.level
    (step.parameters.rows, step.parameters.columns) = (rows, shape.count / rows)
    for factor in [scale, shift] {
      guard let factor else { continue }
      guard planner.isFloat(factor), planner.shape(factor).count == step.parameters.columns else { return false }
    }
    f32_row_norm_plan(&step.parameters)
    var reads = [try planner.operand(x, .plain), try planner.operand(scale, .plain), Operand.none]
    if let shift { reads[2] = try planner.operand(shift, .plain) }
    planner.append(step, for: node, reads: reads, writes: [planner.newBuffer(candidate.output, .plain)])
    return true
  }

  var kernel: String { "f32_row_norm" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    (parameters.x, parameters.scale, parameters.shift) = (binder.floats(0), binder.floats(1), binder.floats(2))
    parameters.y = binder.floatResult()
    binder.call(f32_row_norm_task, parameters, tasks: parameters.tasks)
  }
}
