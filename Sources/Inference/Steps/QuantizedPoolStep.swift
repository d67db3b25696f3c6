import Kernels
import ModelGraph
import Text

/// `q8_pool`: largest or mean value of windows of 8-bit integers; as means of one element, a change of grid.
final class QuantizedPoolStep: Step {
  private var parameters = q8_pool()
  let kernel: String

  /// - Parameter change: of a mean; a maximum stays on its grid.
  private init(
    _ kernel: String, _ geometry: convolution_geometry, _ kind: f32_pool_kind, isSigned: Int32, _ change: GridChange?,
    _ isa: kernels_level
  ) {
    self.kernel = kernel
    (parameters.geometry, parameters.kind, parameters.isa, parameters.x_signed) = (geometry, kind, isa, isSigned)
    if let change {
      (parameters.x_zero, parameters.y_zero) = (change.from.zero, change.to.zero)
      parameters.multiplier = change.from.scale / change.to.scale
      (parameters.low, parameters.high) = (change.to.low, change.to.high)
    }
    q8_pool_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    guard let x = node.firstInput, planner.isByte(x), !planner.isKnown(x) else { return false }
    let shape = planner.shape(x)
    let (geometry, change): (convolution_geometry, GridChange?)
    switch node.operation {
    case .maxPool(let pool):
      guard let found = try window(pool.window, over: shape, node) else { return false }
      (geometry, change) = (found, nil)
    case .qLinearAveragePool(let pool):
      guard !pool.channelsLast, !pool.countIncludePad, let found = self.change(x, candidate, planner),
        let window = try window(pool.window, over: shape, node)
      else { return false }
      (geometry, change) = (window, found)
    case .qLinearGlobalAveragePool(let pool):
      guard !pool.channelsLast, let found = self.change(x, candidate, planner) else { return false }
      (geometry, change) = (try convolution_geometry(wholePlanesOf: shape, of: node.operation.name), found)
    default: return false
    }
    let reads = [try planner.operand(x, .channelsLast)]
    let step = QuantizedPoolStep(
      change == nil ? "q8_max_pool" : "q8_average_pool", geometry, change == nil ? F32_POOL_MAX : F32_POOL_AVERAGE,
      isSigned: planner.type(x) == .int8 ? 1 : 0, change, planner.level)
    planner.append(step, for: node, reads: reads, writes: [planner.newBuffer(candidate.output, .channelsLast)])
    return true
  }

  /// nil for three spatial axes.
  private static func window(_ window: Window, over x: Shape, _ node: Graph.Node) throws(GraphError)
    -> convolution_geometry?
  {
    let plane = try window.plane(over: x, kernel: window.kernel, of: node.operation.name)
    return plane.isFlat ? convolution_geometry(plane, batch: x[0], channels: x[1]) : nil
  }

  private static func change(
    _ x: Graph.ValueID, _ candidate: Candidate, _ planner: Planner
  ) -> GridChange? {
    // QLinearGlobalAveragePool has its inputs at the same positions.
    typealias Input = QLinearAveragePool.Input
    guard let from = planner.grid(of: x, candidate.node, Input.xScale, Input.xZeroPoint),
      let to = planner.grid(of: candidate.output, candidate.node, Input.yScale, Input.yZeroPoint)
    else { return nil }
    return GridChange(from: from, to: to)
  }

  /// The parameters of a change of the grid of `count` bytes.
  static func change(
    count: Int, _ change: GridChange, of node: Graph.Node, _ planner: Planner
  ) throws(GraphError) -> q8_pool {
    QuantizedPoolStep(
      "", try convolution_geometry(wholePlanesOf: [1, count, 1], of: node.operation.name), F32_POOL_AVERAGE,
      isSigned: change.from.isSigned, change, planner.level
    ).parameters
  }

  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.result()
    binder.call(q8_pool_task, parameters, tasks: parameters.tasks)
  }
}
