import Kernels
import ModelGraph
import Text

/// `f32_matmul`: products of two values that are no weights of one matrix, item by item along at most four axes.
final class MatMulStep: Step {
  private var parameters = f32_matmul()

  private init(_ a: Shape, _ b: Shape, _ output: Shape, _ planner: Planner) {
    let items = Array(output.extents.dropLast(2))
    parameters.items = (1, 1, 1, 1)
    (parameters.rows, parameters.depth, parameters.columns) = (
      output[output.rank - 2], a[a.rank - 1], output[output.rank - 1]
    )
    (parameters.a_row, parameters.b_depth, parameters.b_column) = (parameters.depth, parameters.columns, 1)
    parameters.scale = 1
    store(items, asLastOf: &parameters.items)
    store(MatMulStep.steps(of: a, along: items), asLastOf: &parameters.a_steps)
    store(MatMulStep.steps(of: b, along: items), asLastOf: &parameters.b_steps)
    f32_matmul_plan(&parameters, planner.level, Int32(planner.threads))
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .matMul = candidate.node.operation, let a = candidate[MatMul.Input.a], let b = candidate[MatMul.Input.b],
      planner.isFloat(a), planner.isFloat(b)
    else { return false }
    let (left, right, output) = (planner.shape(a), planner.shape(b), planner.shape(candidate.output))
    guard left.rank >= 2, right.rank >= 2, output.rank <= 6 else { return false }
    let reads = [try planner.operand(a, .plain), try planner.operand(b, .plain)]
    let step = MatMulStep(left, right, output, planner)
    planner.append(
      step, name: candidate.node.name, reads: reads, writes: [planner.newBuffer(candidate.output, .plain)],
      multiplyAdds: output.count * step.parameters.depth)
    return true
  }

  /// Floats from one item to the next; 0 along an axis that the operand lacks or repeats.
  private static func steps(of operand: Shape, along items: [Int]) -> [Int] {
    let own = operand.rank - 2
    let strides = operand.strides
    return items.indices.map { axis in
      let place = axis - (items.count - own)
      return place < 0 || operand[place] == 1 ? 0 : strides[place]
    }
  }

  var kernel: String { "f32_matmul_\(String(cString: parameters.family.pointee.name))" }

  var needs: StepNeeds {
    StepNeeds(packedBytes: 0, scratchBytes: parameters.scratch_bytes, zeroBytes: 0, weights: nil, others: [])
  }

  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.a = binder.floats(0)
    parameters.b = binder.floats(1)
    parameters.y = binder.floatResult()
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(f32_matmul_task, parameters, tasks: parameters.tasks)
  }
}
