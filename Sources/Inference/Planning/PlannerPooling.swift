import Kernels
import ModelGraph

extension Planner {
  mutating func planPool(
    _ node: Graph.Node, _ output: Graph.ValueID, _ window: Window, _ kind: f32_pool_kind
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isFloat(x), !isKnown(x) else { return false }
    let plane = try window.plane(over: shape(x), kernel: window.kernel, of: node.operation.name)
    try planPool(node, x, output, f32_window(plane, batch: shape(x)[0], channels: shape(x)[1]), kind)
    return true
  }

  mutating func planGlobalPool(
    _ node: Graph.Node, _ output: Graph.ValueID, _ kind: f32_pool_kind
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isFloat(x), !isKnown(x), shape(x).rank >= 3 else { return false }
    try planPool(node, x, output, wholePlane(shape(x)), kind)
    return true
  }

  /// ReduceMean over all spatial axes is global average pooling.
  mutating func planReduceMean(
    _ node: Graph.Node, _ output: Graph.ValueID, _ mean: ReduceMean
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isFloat(x), !isKnown(x), shape(x).rank >= 3 else { return false }
    let axes = input(node, 1).flatMap { constant($0) }
    guard input(node, 1) == nil || axes != nil else { return false }
    let reduced = try mean.reducedAxes(of: shape(x), axes: axes)
    guard !reduced[0], !reduced[1], reduced[2...].allSatisfy({ $0 }) else { return false }
    try planPool(node, x, output, wholePlane(shape(x)), F32_POOL_AVERAGE)
    return true
  }

  func wholePlane(_ shape: Shape) -> f32_window {
    var window = f32_window()
    (window.batch, window.channels) = (shape[0], shape[1])
    (window.in_height, window.in_width) = (1, shape.planeCount)
    (window.out_height, window.out_width) = (1, 1)
    (window.kernel_height, window.kernel_width) = (1, shape.planeCount)
    (window.stride_height, window.stride_width, window.dilation_height, window.dilation_width) = (1, 1, 1, 1)
    return window
  }

  private mutating func planPool(
    _ node: Graph.Node, _ x: Graph.ValueID, _ output: Graph.ValueID, _ window: f32_window, _ kind: f32_pool_kind
  ) throws(GraphError) {
    var pool = f32_pool()
    pool.window = window
    pool.kind = kind
    pool.isa = isa
    f32_pool_plan(&pool)
    let reads = [try operand(x, .channelsLast)]
    let target = newBuffer(output, .channelsLast)
    let kernel = kind == F32_POOL_MAX ? "f32_max_pool" : "f32_average_pool"
    append(Draft(name: node.name, kernel: kernel, work: .pool(pool), reads: reads, writes: [target]))
  }
}
