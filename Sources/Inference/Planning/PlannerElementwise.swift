import Kernels
import ModelGraph

extension Planner {
  /// One element of one element, in whatever layout the input has.
  mutating func planUnary(
    _ node: Graph.Node, _ output: Graph.ValueID, _ activation: Activation
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isFloat(x), !isKnown(x) else { return false }
    let layout = home(x)
    let source = try operand(x, layout)
    let target = newBuffer(output, layout)
    append(unary(activation, node.name, count: shape(x).count, from: source, to: target))
    return true
  }

  mutating func planClip(_ node: Graph.Node, _ output: Graph.ValueID) throws(GraphError) -> Bool {
    var bounds: [Float] = [-.infinity, .infinity]
    for index in 0..<2 {
      guard let bound = input(node, index + 1) else { continue }
      guard let value = constant(bound), value.type == .float32, value.count == 1 else { return false }
      bounds[index] = value.array(of: Float.self)[0]
    }
    return try planUnary(node, output, .clip(min: bounds[0], max: bounds[1]))
  }

  func unary(
    _ activation: Activation, _ name: String, count: Int, from source: Operand, to target: Int
  ) -> Draft {
    var unary = f32_unary()
    unary.isa = isa
    unary.count = count
    (unary.a, unary.b) = activation.clampBounds
    unary.function = F32_CLAMP
    switch activation {
    case .none, .relu, .clip: break
    case .leakyRelu(let alpha): (unary.function, unary.a) = (F32_LEAKY, alpha)
    case .sigmoid: unary.function = F32_SIGMOID
    case .hardSigmoid(let alpha, let beta): (unary.function, unary.a, unary.b) = (F32_HARD_SIGMOID, alpha, beta)
    case .hardSwish: unary.function = F32_HARD_SWISH
    }
    f32_unary_plan(&unary)
    return Draft(name: name, kernel: "f32_unary", work: .unary(unary), reads: [source], writes: [target])
  }

  /// NumPy's broadcasting of two values, over at most four axes.
  mutating func planBinary(
    _ node: Graph.Node, _ output: Graph.ValueID, _ operation: f32_operation
  ) throws(GraphError) -> Bool {
    guard let a = input(node, 0), let b = input(node, 1), isFloat(a), isFloat(b), shape(output).rank <= 4 else {
      return false
    }
    // Channels last if one operand is so and the other can be read along with it.
    let rank = shape(output).rank
    let wantsChannelsLast = prefersChannelsLast(a) || prefersChannelsLast(b)
    let fits = [a, b].allSatisfy { isKnown($0) || shape($0).rank == rank || shape($0).count == 1 }
    let layout: Layout = wantsChannelsLast && fits && rank >= 3 ? .channelsLast : .plain
    // Constants are read in their own order: any steps will do here.
    let operands = [
      isKnown(a) ? .constant(a) : try operand(a, layout), isKnown(b) ? .constant(b) : try operand(b, layout),
    ]
    var binary = f32_binary()
    binary.operation = operation
    binary.isa = isa
    let extents = inOrder(shape(output).extents, layout)
    let aSteps = inOrder(steps(a, along: shape(output), layout), layout)
    let bSteps = inOrder(steps(b, along: shape(output), layout), layout)
    let lead = 4 - rank
    binary.extents = (1, 1, 1, 1)
    withUnsafeMutableBytes(of: &binary.extents) { to in
      for (axis, extent) in extents.enumerated() {
        to.storeBytes(of: extent, toByteOffset: (lead + axis) * 8, as: Int.self)
      }
    }
    withUnsafeMutableBytes(of: &binary.a_steps) { to in
      for (axis, step) in aSteps.enumerated() { to.storeBytes(of: step, toByteOffset: (lead + axis) * 8, as: Int.self) }
    }
    withUnsafeMutableBytes(of: &binary.b_steps) { to in
      for (axis, step) in bSteps.enumerated() { to.storeBytes(of: step, toByteOffset: (lead + axis) * 8, as: Int.self) }
    }
    f32_binary_plan(&binary)
    let target = newBuffer(output, layout)
    append(Draft(name: node.name, kernel: "f32_binary", work: .binary(binary), reads: operands, writes: [target]))
    return true
  }

  /// Axes as they lie in memory: the channels at the end if they are last.
  private func inOrder(_ numbers: [Int], _ layout: Layout) -> [Int] {
    guard layout == .channelsLast, numbers.count >= 3 else { return numbers }
    return [numbers[0]] + numbers[2...] + [numbers[1]]
  }

  /// Elements from one index of each axis of `target` to the next in the memory of `id`; 0 where it is repeated.
  private func steps(_ id: Graph.ValueID, along target: Shape, _ layout: Layout) -> [Int] {
    let own = shape(id)
    // Constants stay as they are in the file.
    var strides = own.strides
    if layout == .channelsLast, !isKnown(id), own.rank >= 3 {
      strides[1] = 1
      var step = own[1]
      for axis in (2..<own.rank).reversed() {
        strides[axis] = step
        step *= own[axis]
      }
      strides[0] = step
    }
    var steps = [Int](repeating: 0, count: target.rank)
    for axis in 0..<own.rank where own[axis] != 1 { steps[axis + target.rank - own.rank] = strides[axis] }
    return steps
  }

  /// Batch normalisation that no pass could fold: a scale and a shift for each channel.
  mutating func planBatchNormalization(
    _ node: Graph.Node, _ output: Graph.ValueID, _ norm: BatchNormalization
  ) throws(GraphError) -> Bool {
    guard !norm.trainingMode, let x = input(node, 0), isFloat(x), !isKnown(x), shape(x).rank >= 2 else { return false }
    var parameters: [Graph.ValueID] = []
    for index in 1...4 {
      guard let parameter = input(node, index), isKnown(parameter), isFloat(parameter) else { return false }
      parameters.append(parameter)
    }
    var affine = f32_affine()
    affine.isa = isa
    affine.channels = shape(x)[1]
    affine.rows = shape(x).count / shape(x)[1]
    (affine.low, affine.high) = (-.infinity, .infinity)
    f32_affine_plan(&affine)
    let values = BatchNormalizationValues(
      scale: parameters[0], bias: parameters[1], mean: parameters[2], variance: parameters[3], epsilon: norm.epsilon)
    let reads = [try operand(x, .channelsLast)]
    let target = newBuffer(output, .channelsLast)
    append(
      Draft(name: node.name, kernel: "f32_affine", work: .affine(affine, values), reads: reads, writes: [target]))
    return true
  }

  /// Softmax over the innermost axis, or over axes that have nothing but ones inside them.
  mutating func planSoftmax(
    _ node: Graph.Node, _ output: Graph.ValueID, _ axis: SoftmaxAxis, logarithm: Bool
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isFloat(x), !isKnown(x) else { return false }
    let split = try axis.split(shape(x), of: node.operation.name)
    guard split.inner == 1 else { return false }
    var softmax = f32_softmax()
    softmax.columns = split.count
    softmax.rows = split.outer
    softmax.logarithm = logarithm ? 1 : 0
    let reads = [try operand(x, .plain)]
    let target = newBuffer(output, .plain)
    append(Draft(name: node.name, kernel: "f32_softmax", work: .softmax(softmax), reads: reads, writes: [target]))
    return true
  }

  /// Each part is copied to its place: rows of channels if they are last, of everything inside the axis otherwise.
  mutating func planConcat(_ node: Graph.Node, _ output: Graph.ValueID, axis: Int) throws(GraphError) -> Bool {
    let parts = node.inputs.compactMap { $0 }
    guard parts.count == node.inputs.count else { return false }
    return try planConcat(node, parts, output, axis: axis, [])
  }

  /// - Parameter changes: of 8-bit parts, by index: the grid it is on and the one it goes on, where they differ.
  mutating func planConcat(
    _ node: Graph.Node, _ parts: [Graph.ValueID], _ output: Graph.ValueID, axis: Int, _ changes: [GridChange?]
  ) throws(GraphError) -> Bool {
    let joined = shape(output)
    let axis = try joined.axis(axis, of: node.operation.name)
    guard parts.allSatisfy({ !isKnown($0) && shape($0).count > 0 }) else { return false }
    let size = type(output).byteCount
    let channelsLast =
      axis == 1 && joined.rank >= 3 && (type(output) == .float32 || size == 1)
      && parts.contains { prefersChannelsLast($0) }
    let layout: Layout = channelsLast ? .channelsLast : .plain
    var operands: [Operand] = []
    for (index, part) in parts.enumerated() {
      let found = try operand(part, layout)
      if index < changes.count, let change = changes[index] {
        operands.append(requantized(part, found, change, of: node))
      } else {
        operands.append(found)
      }
    }
    let target = newBuffer(output, layout)
    var offset = 0
    for (part, operand) in zip(parts, operands) {
      var copy = rows_copy()
      if channelsLast {
        copy.rows = joined[0] * joined.planeCount
        copy.bytes = shape(part)[1] * size
      } else {
        copy.rows = joined.extents[..<axis].reduce(1, *)
        copy.bytes = shape(part).extents[axis...].reduce(1, *) * size
      }
      copy.x_step = copy.bytes
      copy.y_step = joined.count * size / copy.rows
      rows_copy_plan(&copy)
      append(
        Draft(name: node.name, kernel: "concat", work: .copy(copy, yOffset: offset), reads: [operand], writes: [target])
      )
      offset += copy.bytes
    }
    return true
  }
}
