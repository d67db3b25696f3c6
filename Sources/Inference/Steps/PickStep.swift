import Kernels
import ModelGraph
import Text

/// `tensor_pick`: elements picked by separate rules for each axis, of any type and in either layout.
final class PickStep: Step {
  private var parameters = tensor_pick()
  /// The listed offsets of each axis, in elements; nil for an axis with a step.
  private let lists: [[Int]?]

  private init(_ loop: Loop, element: Int, fill: Tensor?) {
    lists = loop.axes.map { $0.list }
    (parameters.element, parameters.axes, parameters.first) = (element, loop.axes.count, loop.first)
    store(loop.axes.map { $0.count }, in: &parameters.extents)
    store(loop.axes.map { $0.step }, in: &parameters.steps)
    withUnsafeMutableBytes(of: &parameters.fill) { target in
      fill?.withBytes { source in target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(8))) }
    }
    // The plan asks whether an axis has offsets; their addresses are known once they are packed.
    store(lists.map { $0 == nil ? 0 : 1 }, in: &parameters.offsets)
    tensor_pick_plan(&parameters)
  }

  /// Floats picked from one buffer into another.
  ///
  /// - Parameter axes: of the output's memory, outermost first: how many places, and the floats from one to the next in the
  ///   input, or how far each lies from the first (`Int.min`: a zero).
  convenience init(floats axes: [(count: Int, step: Int, list: [Int]?)]) {
    self.init(Loop(axes.map { Loop.Axis(count: $0.count, step: $0.step, list: $0.list) }), element: 4, fill: nil)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    try plan(candidate.node, 0, planner)
  }

  /// All outputs of a Split, each of which is picked by itself.
  static func plan(split node: Graph.Node, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .split = node.operation, let x = node.firstInput, !planner.isKnown(x) else { return false }
    for (position, output) in node.outputs.enumerated() {
      guard let output, planner.shape(output).count > 0 else { continue }
      guard axes(node, position, planner) != nil else { return false }
    }
    for (position, output) in node.outputs.enumerated() {
      guard let output else { continue }
      if planner.shape(output).count == 0 {
        _ = planner.newBuffer(output, .plain)
      } else {
        guard try plan(node, position, planner) else { return false }
      }
    }
    return true
  }

  private static func axes(_ node: Graph.Node, _ position: Int, _ planner: Planner) -> [PickedAxis]? {
    node.operation.pickedAxes(planner.inputFacts(of: node), position: position)
  }

  private static func plan(_ node: Graph.Node, _ position: Int, _ planner: Planner) throws(GraphError) -> Bool {
    guard let x = node.firstInput, !planner.isKnown(x), planner.shape(x).count > 0, let output = node.outputs[position],
      let axes = axes(node, position, planner)
    else { return false }
    let element = planner.type(x).byteCount
    let source = planner.home(x)
    var layouts: [Layout] = [.plain]
    if planner.shape(output).rank >= 3, element == 4 || element == 1, !planner.shape(output).layoutsAgree {
      layouts = source == .channelsLast ? [.channelsLast, .plain] : [.plain, .channelsLast]
    }
    let loops = layouts.map { Loop(axes, planner.shape(x), source, to: $0) }
    // In the layout that it has, unless only the other one lets whole rows be copied.
    let choice = loops[0].copiesRows || !(loops.last?.copiesRows ?? false) ? 0 : loops.count - 1
    let (loop, layout) = (loops[choice], layouts[choice])
    guard loop.axes.count <= Int(PICK_AXES) else { return false }
    if loop.isCopy(of: planner.shape(x).count), try planner.alias(output, layout, of: x, source) { return true }
    var fill: Tensor?
    if let value = node.inputs.count > 2 ? node[Pad.Input.constantValue] : nil, case .pad = node.operation {
      guard let known = planner.constant(value) else { return false }
      // What was an attribute before opset 11 is a float, whatever the data are.
      fill = try known.converted(to: planner.type(x))
    }
    let read: Operand
    if let input = planner.untouchedInput(x) { read = input } else { read = try planner.operand(x, source) }
    planner.append(
      PickStep(loop, element: element, fill: fill), for: node, reads: [read],
      writes: [planner.newBuffer(output, layout)])
    return true
  }

  var kernel: String { "pick" }

  var needs: StepNeeds {
    let bytes = lists.reduce(0) { $0 + ($1?.count ?? 0) * 8 }
    return StepNeeds(packedBytes: bytes, scratchBytes: 0, zeroBytes: 0, weights: nil, others: [])
  }

  func pack(_ packer: Packer) {
    var place = packer.room.assumingMemoryBound(to: Int.self)
    var addresses: [Int] = []
    for list in lists {
      addresses.append(list == nil ? 0 : Int(bitPattern: place))
      for offset in list ?? [] {
        place.pointee = offset
        place += 1
      }
    }
    store(addresses, in: &parameters.offsets)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.result()
    binder.call(tensor_pick_task, parameters, tasks: parameters.tasks) {
      $0.assumingMemoryBound(to: tensor_pick.self).pointee.x = $1
    }
  }
}

/// The loop over an output's memory, outermost axis first, with offsets into the input's memory.
private struct Loop {
  struct Axis {
    var count: Int
    var step: Int
    var list: [Int]?
  }

  private(set) var axes: [Axis] = []
  private(set) var first = 0

  init(_ axes: [Axis]) { self.axes = axes }

  /// - Parameters:
  ///   - shape: of the input, which lies in `layout`.
  ///   - target: the output's layout.
  init(_ picked: [PickedAxis], _ shape: Shape, _ layout: Layout, to target: Layout) {
    let strides = shape.strides(layout)
    let ordered =
      target == .plain
      ? picked
      : picked.filter { $0.output == 0 } + picked.filter { $0.output >= 2 } + picked.filter { $0.output == 1 }
    for axis in ordered {
      let stride = strides.isEmpty ? 0 : strides[axis.source]
      switch axis.indices {
      case .repeated: append(Axis(count: axis.count, step: 0))
      case .range(let begin, let step):
        first += begin * stride
        append(Axis(count: axis.count, step: step * stride))
      case .list(let indices):
        axes.append(
          Axis(
            count: axis.count, step: 0,
            list: indices.map { $0 == PickedAxis.nowhere ? Int.min : $0 * stride }))
      }
    }
    if axes.isEmpty { axes.append(Axis(count: 1, step: 1)) }
  }

  /// Longer rows are not made of several axes: threads share rows.
  private static let longestRow = 65536

  /// Joins the axis with the one outside it where both can be walked as one.
  private mutating func append(_ axis: Axis) {
    if axis.count == 1 { return }
    if let outer = axes.last, outer.list == nil, outer.step == axis.step * axis.count,
      outer.count * axis.count <= Loop.longestRow
    {
      axes[axes.count - 1] = Axis(count: outer.count * axis.count, step: axis.step)
    } else {
      axes.append(axis)
    }
  }

  /// Whether the innermost axis is contiguous in the input.
  var copiesRows: Bool { axes.last.map { $0.list == nil && $0.step == 1 } ?? false }

  /// Whether the output's memory is that of an input of so many elements.
  func isCopy(of count: Int) -> Bool {
    guard first == 0 else { return false }
    var step = 1
    for axis in axes.reversed() {
      guard axis.list == nil, axis.step == step || axis.count == 1 else { return false }
      step *= axis.count
    }
    return step == count
  }
}

extension Shape {
  /// Elements from one index of each axis to the next in memory.
  func strides(_ layout: Layout) -> [Int] {
    var strides = strides
    guard layout == .channelsLast, rank >= 3 else { return strides }
    strides[1] = 1
    var step = self[1]
    for axis in (2..<rank).reversed() {
      strides[axis] = step
      step *= self[axis]
    }
    strides[0] = step
    return strides
  }
}
