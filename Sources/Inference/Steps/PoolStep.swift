import Kernels
import ModelGraph
import Text

/// `f32_pool`: largest or mean value of windows of floats.
final class PoolStep: Step {
  private var parameters = f32_pool()

  private init(_ geometry: convolution_geometry, _ kind: f32_pool_kind, _ planner: Planner) {
    (parameters.geometry, parameters.kind, parameters.isa) = (geometry, kind, planner.level)
    f32_pool_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let (window, kind): (Window?, f32_pool_kind)
    switch candidate.node.operation {
    case .maxPool(let pool): (window, kind) = (pool.window, F32_POOL_MAX)
    case .averagePool(let pool):
      (window, kind) = (pool.window, pool.countsPadding ? F32_POOL_AVERAGE_PADDED : F32_POOL_AVERAGE)
    case .globalMaxPool: (window, kind) = (nil, F32_POOL_MAX)
    case .globalAveragePool: (window, kind) = (nil, F32_POOL_AVERAGE)
    case .reduceMean(let mean):
      // A mean over all spatial axes is global average pooling.
      guard try isGlobal(mean, candidate, planner) else { return false }
      (window, kind) = (nil, F32_POOL_AVERAGE)
    default: return false
    }
    guard let x = planner.floatVariable(candidate.node.firstInput) else { return false }
    let (shape, name) = (planner.shape(x), candidate.node.operation.name)
    let geometry: convolution_geometry
    if let window {
      let plane = try window.plane(over: shape, kernel: window.kernel, of: name)
      guard plane.isFlat else { return false }
      geometry = convolution_geometry(plane, batch: shape[0], channels: shape[1])
    } else {
      guard shape.rank >= 3 else { return false }
      geometry = try convolution_geometry(wholePlanesOf: shape, of: name)
    }
    let reads = [try planner.operand(x, .channelsLast)]
    planner.append(
      PoolStep(geometry, kind, planner), for: candidate.node, reads: reads,
      writes: [planner.newBuffer(candidate.output, .channelsLast)])
    return true
  }

  private static func isGlobal(
    _ mean: ReduceMean, _ candidate: Candidate, _ planner: Planner
  ) throws(GraphError) -> Bool {
    guard let x = candidate[ReduceMean.Input.data], planner.shape(x).rank >= 3 else { return false }
    let axes = candidate[ReduceMean.Input.axes].flatMap { planner.constant($0) }
    guard candidate[ReduceMean.Input.axes] == nil || axes != nil else { return false }
    let reduced = try mean.reducedAxes(of: planner.shape(x), axes: axes)
    return !reduced[0] && !reduced[1] && reduced[2...].allSatisfy { $0 }
  }

  var kernel: String { parameters.kind == F32_POOL_MAX ? "f32_max_pool" : "f32_average_pool" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_pool_task, parameters, tasks: parameters.tasks)
  }
}
