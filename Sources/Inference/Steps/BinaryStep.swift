import Kernels
import ModelGraph
import Text

/// `f32_binary`: sum, difference, product or quotient of floats, with NumPy's broadcasting over at most four axes.
final class BinaryStep: Step {
  private var parameters = f32_binary()

  private init(_ operation: f32_operation, _ planner: Planner) {
    (parameters.operation, parameters.isa) = (operation, planner.level)
    parameters.extents = (1, 1, 1, 1)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let operation = operation(candidate.node.operation), let a = candidate[BinaryInput.a],
      let b = candidate[BinaryInput.b], planner.isFloat(a), planner.isFloat(b),
      planner.shape(candidate.output).rank <= 4
    else { return false }
    let shape = planner.shape(candidate.output)
    // Channels last if one operand has them last and the other can be read in that order.
    let wantsChannelsLast = planner.prefersChannelsLast(a) || planner.prefersChannelsLast(b)
    let fits = [a, b].allSatisfy {
      planner.isKnown($0) || planner.shape($0).rank == shape.rank || planner.shape($0).count == 1
    }
    let layout: Layout = wantsChannelsLast && fits && shape.rank >= 3 ? .channelsLast : .plain
    // A constant stays in its file's order: the kernel takes any strides.
    let reads = [
      planner.isKnown(a) ? .constant(a) : try planner.operand(a, layout),
      planner.isKnown(b) ? .constant(b) : try planner.operand(b, layout),
    ]
    let step = BinaryStep(operation, planner)
    store(inMemoryOrder(shape.extents, layout), asLastOf: &step.parameters.extents)
    store(steps(planner, a, along: shape, layout), asLastOf: &step.parameters.a_steps)
    store(steps(planner, b, along: shape, layout), asLastOf: &step.parameters.b_steps)
    f32_binary_plan(&step.parameters)
    planner.append(step, for: candidate.node, reads: reads, writes: [planner.newBuffer(candidate.output, layout)])
    return true
  }

  private static func operation(_ operation: Operator) -> f32_operation? {
    switch operation {
    case .add: F32_ADD
    case .sub: F32_SUB
    case .mul: F32_MUL
    case .div: F32_DIV
    default: nil
    }
  }

  /// Numbers of all axes in the order in which the axes lie in memory, outermost first.
  private static func inMemoryOrder(_ numbers: [Int], _ layout: Layout) -> [Int] {
    guard layout == .channelsLast, numbers.count >= 3 else { return numbers }
    return [numbers[0]] + numbers[2...] + [numbers[1]]
  }

  /// Floats from one index of each axis of `target` to the next in the memory of `id`, in memory order; 0 for an axis
  /// along which the value is repeated.
  private static func steps(
    _ planner: Planner, _ id: Graph.ValueID, along target: Shape, _ layout: Layout
  ) -> [Int] {
    let own = planner.shape(id)
    let strides = own.strides(planner.isKnown(id) ? .plain : layout)
    var steps = [Int](repeating: 0, count: target.rank)
    for axis in 0..<own.rank where own[axis] != 1 { steps[axis + target.rank - own.rank] = strides[axis] }
    return inMemoryOrder(steps, layout)
  }

  var kernel: String { "f32_binary" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.a = binder.floats(0)
    parameters.b = binder.floats(1)
    parameters.y = binder.floatResult()
    binder.call(f32_binary_task, parameters, tasks: parameters.tasks)
  }
}
