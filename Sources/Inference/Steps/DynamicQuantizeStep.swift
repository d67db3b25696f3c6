import Kernels
import ModelGraph

/// `q8_dynamic_quantize`: floats to 8-bit integers by the range of their values, in whatever layout they have.
final class DynamicQuantizeStep: Step {
  private var parameters = q8_dynamic_quantize()

  private init(count: Int, _ planner: Planner) {
    (parameters.isa, parameters.count) = (planner.level, count)
    q8_dynamic_quantize_plan(&parameters)
  }

  /// DynamicQuantizeLinear.
  static func plan(_ node: Graph.Node, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .dynamicQuantizeLinear = node.operation, let x = planner.floatVariable(node.firstInput),
      let output = node.firstOutput
    else { return false }
    let layout = planner.home(x)
    let source = try planner.operand(x, layout)
    let numbers = node.outputs.dropFirst().map { $0.map { planner.newBuffer($0, .plain) } }
    let scale = (numbers.first ?? nil) ?? planner.newBuffer(byteCount: 4)
    let zero = (numbers.dropFirst().first ?? nil) ?? planner.newBuffer(byteCount: 1)
    append(x, source, planner.newBuffer(output, layout), scale, zero, for: node, planner)
    return true
  }

  /// The quantised elements of `x` in plain layout, their scale and their zero point, for the step that comes next.
  static func plan(
    _ x: Graph.ValueID, for node: Graph.Node, _ planner: Planner
  ) throws(GraphError) -> (y: Int, scale: Int, zero: Int) {
    let source = try planner.operand(x, .plain)
    let (y, scale) = (planner.newBuffer(byteCount: planner.shape(x).count), planner.newBuffer(byteCount: 4))
    let zero = planner.newBuffer(byteCount: 1)
    append(x, source, y, scale, zero, for: node, planner)
    return (y, scale, zero)
  }

  private static func append(
    _ x: Graph.ValueID, _ source: Operand, _ y: Int, _ scale: Int, _ zero: Int, for node: Graph.Node, _ planner: Planner
  ) {
    let step = DynamicQuantizeStep(count: planner.shape(x).count, planner)
    let ranges = planner.newBuffer(byteCount: 8 * step.parameters.tasks)
    planner.append(step, for: node, reads: [source], writes: [y, scale, zero, ranges])
  }

  var kernel: String { "q8_dynamic_quantize" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.resultAddress(0)?.assumingMemoryBound(to: UInt8.self)
    parameters.scale = binder.resultAddress(1)?.assumingMemoryBound(to: Float.self)
    parameters.zero = binder.resultAddress(2)?.assumingMemoryBound(to: UInt8.self)
    parameters.ranges = binder.resultAddress(3)?.assumingMemoryBound(to: Float.self)
    binder.call(
      q8_dynamic_quantize_task, parameters, tasks: parameters.tasks,
      after: (task: q8_find_range_task, tasks: parameters.tasks))
  }
}
