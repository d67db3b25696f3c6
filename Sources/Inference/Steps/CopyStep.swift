import Kernels
import ModelGraph
import Text

/// `rows_copy`: a graph input as it is, or one part of a concatenation in its place.
final class CopyStep: Step {
  private var parameters = rows_copy()
  private let offset: Int
  /// Where the pixels of a value that is read lie.
  private var slice: Slice?
  let kernel: String

  /// A graph input of so many bytes.
  init(inputBytes: Int) {
    kernel = "input"
    offset = 0
    (parameters.rows, parameters.bytes) = (1, inputBytes)
    rows_copy_plan(&parameters)
  }

  /// - Parameters:
  ///   - rows: so many of `bytes` each, one behind the other.
  ///   - offset: bytes from the result's beginning to the first of them; `step`: from each to the next.
  private init(rows: Int, bytes: Int, offset: Int, step: Int) {
    kernel = "concat"
    self.offset = offset
    (parameters.rows, parameters.bytes) = (rows, bytes)
    (parameters.x_step, parameters.y_step) = (bytes, step)
    rows_copy_plan(&parameters)
  }

  /// A value of floats, out of a wider tensor into one of its own.
  convenience init(_ shape: Shape, from slice: Slice) {
    self.init(shape, from: slice, offset: 0, stride: shape[1])
  }

  /// The same, into another tensor: from float `offset` of a pixel on, whose pixels are `stride` floats apart.
  private convenience init(_ shape: Shape, from slice: Slice, offset: Int, stride: Int) {
    self.init(rows: shape[0] * shape.planeCount, bytes: shape[1] * 4, offset: offset * 4, step: stride * 4)
    self.slice = slice
  }

  /// Concat, and QLinearConcat, whose parts go on the result's grid unless they are on it.
  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    var parts: [(id: Graph.ValueID, change: GridChange?)] = []
    let axis: Int
    switch node.operation {
    case .concat(let concat):
      axis = concat.axis
      for input in node.inputs {
        guard let input else { return false }
        parts.append((input, nil))
      }
    case .qLinearConcat(let concat):
      axis = concat.axis
      typealias Input = QLinearConcat.Input
      guard let to = planner.grid(of: candidate.output, node, Input.yScale, Input.yZeroPoint) else { return false }
      for part in Input.parts(of: node.inputs.count) {
        guard let x = node[part.x], let from = planner.grid(of: x, node, part.scale, part.zeroPoint) else {
          return false
        }
        let change = GridChange(from: from, to: to)
        parts.append((x, change.isNone ? nil : change))
      }
    default: return false
    }
    let joined = planner.shape(candidate.output)
    let place = try joined.axis(axis, of: node.operation.name)
    guard parts.allSatisfy({ !planner.isKnown($0.id) && planner.shape($0.id).count > 0 }) else { return false }
    try plan(parts, candidate, axis: place, planner)
    return true
  }

  private static func plan(
    _ parts: [(id: Graph.ValueID, change: GridChange?)], _ candidate: Candidate, axis: Int, _ planner: Planner
  ) throws(GraphError) {
    let (node, joined, type) = (candidate.node, planner.shape(candidate.output), planner.type(candidate.output))
    let size = type.byteCount
    let isChannelsLast =
      axis == 1 && joined.rank >= 3 && (type == .float32 || size == 1)
      && parts.contains { planner.prefersChannelsLast($0.id) }
    if isChannelsLast, type == .float32 {
      try planSlices(parts, candidate, planner)
      return
    }
    let layout: Layout = isChannelsLast ? .channelsLast : .plain
    var operands: [Operand] = []
    for part in parts { operands.append(try planner.operand(part.id, layout)) }
    let target = planner.newBuffer(candidate.output, layout)
    // A row is the channels of a pixel if they are last, everything inside the axis otherwise.
    let rows = isChannelsLast ? joined[0] * joined.planeCount : joined.extents[..<axis].reduce(1, *)
    var offset = 0
    for (part, operand) in zip(parts, operands) {
      let bytes = planner.shape(part.id).count / rows * size
      let pitch = joined.count / rows * size
      if let change = part.change {
        let step = try QuantizedCopyStep(
          rows: rows, bytes: bytes, offset: offset, step: pitch, change, of: node, planner)
        planner.append(step, for: node, reads: [operand], writes: [target])
      } else {
        let step = CopyStep(rows: rows, bytes: bytes, offset: offset, step: pitch)
        planner.append(step, for: node, reads: [operand], writes: [target])
      }
      offset += bytes
    }
  }

  /// Parts of floats, whose makers write them in place where they can.
  private static func planSlices(
    _ parts: [(id: Graph.ValueID, change: GridChange?)], _ candidate: Candidate, _ planner: Planner
  ) throws(GraphError) {
    let (target, stride, placed) = planner.place(candidate)
    var offset = 0
    for part in parts {
      let shape = planner.shape(part.id)
      if offset + shape[1] > placed, !planner.move(part.id, into: target, offset: offset, stride: stride) {
        let (operand, slice) = try planner.slicedOperand(part.id)
        planner.append(
          CopyStep(shape, from: slice, offset: offset, stride: stride), for: candidate.node, reads: [operand],
          writes: [target])
      }
      offset += shape[1]
    }
  }

  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    if let slice {
      parameters.x = UnsafeRawPointer(binder.floats(0, slice))
      parameters.x_step = slice.stride * 4
    }
    parameters.y = binder.result(at: offset)
    binder.call(rows_copy_task, parameters, tasks: parameters.tasks) {
      $0.assumingMemoryBound(to: rows_copy.self).pointee.x = $1
    }
  }
}
