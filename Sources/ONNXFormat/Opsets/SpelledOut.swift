import ModelGraph
import Text

// Operators that an older opset does not have, by others that it has.
extension OpsetForms {
  /// Writes other nodes in place of this one; returns whether it did.
  func spellOut(_ node: Graph.Node) throws(GraphError) -> Bool {
    guard let x = node.firstInput, let y = node.firstOutput, opset < Graph.opset || lacks(node) else { return false }
    let name = node.name
    if form(node.operation.name) == nil, node.outputs.count == 1, let known = constant(y) {
      // A value that is known without a run: ConstantOfShape, Range, EyeLike.
      define(y, known)
      return true
    }
    switch node.operation {
    case .softmax(let softmax): return try swapAxes(softmax.axis, node) { .softmax(Softmax($0)) }
    case .logSoftmax(let softmax): return try swapAxes(softmax.axis, node) { .logSoftmax(LogSoftmax($0)) }
    case .hardmax(let hardmax): return try swapAxes(hardmax.axis, node) { .hardmax(Hardmax($0)) }
    case .shape(let shape):
      guard opset < 15, shape.start != 0 || shape.end != nil, let rank = rank(x) else { return false }
      let whole = try add(.shape(ShapeOperator()), [x], of: name)
      let start = try ints([shape.start], "\(name)/start")
      try add(.slice(Slice()), [whole, start, try ints([shape.end ?? rank], "\(name)/end")], of: name, to: y)
    case .slice: return opset < 10 ? try pick(node, x, y) : false
    case .reduceSum(let sum): return try keep(sum.reduction, node)
    case .reduceMean(let mean): return try keep(mean.reduction, node)
    case .reduceMax(let max): return try keep(max.reduction, node)
    case .reduceMin(let min): return try keep(min.reduction, node)
    case .reduceProd(let product): return try keep(product.reduction, node)
    case .groupNormalization(let norm):
      // Its scale was of a group, not of a channel.
      guard opset < 21 || lacks(node) else { return false }
      try spellOut(norm, node, x, y)
    default:
      guard lacks(node) else { return false }
      return try spellOutLacking(node, x, y)
    }
    return true
  }

  private func spellOutLacking(
    _ node: Graph.Node, _ x: Graph.ValueID, _ y: Graph.ValueID
  ) throws(GraphError) -> Bool {
    let name = node.name
    let second = node.inputs.count > 1 ? node.inputs[1] : nil
    func number(_ value: Float) throws(GraphError) -> Graph.ValueID {
      try self.number(value, like: x, "\(name)/number")
    }
    func add(_ operation: Operator, _ inputs: Graph.ValueID?...) throws(GraphError) -> Graph.ValueID {
      try self.add(operation, inputs, of: name)
    }
    func end(_ operation: Operator, _ inputs: Graph.ValueID?...) throws(GraphError) {
      try self.add(operation, inputs, of: name, to: y)
    }
    switch node.operation {
    case .hardSwish: try end(.mul(Mul()), x, try add(.hardSigmoid(HardSigmoid(alpha: 1 / 6, beta: 0.5)), x))
    case .mish: try end(.mul(Mul()), x, try add(.tanh(Tanh()), try add(.softplus(Softplus()), x)))
    case .swish(let swish):
      let scaled = swish.alpha == 1 ? x : try add(.mul(Mul()), x, try number(swish.alpha))
      try end(.mul(Mul()), x, try add(.sigmoid(Sigmoid()), scaled))
    case .celu(let celu):
      let elu = try add(.elu(Elu()), try add(.div(Div()), x, try number(celu.alpha)))
      try end(.mul(Mul()), elu, try number(celu.alpha))
    case .gelu(let gelu):
      var inner = x
      if gelu.isApproximate {
        // √(2/π) · (x + 0.044715 x³)
        let cube = try add(.mul(Mul()), try add(.mul(Mul()), x, x), x)
        inner = try add(.add(Add()), x, try add(.mul(Mul()), cube, try number(0.044715)))
        inner = try add(.tanh(Tanh()), try add(.mul(Mul()), inner, try number(0.797_884_6)))
      } else {
        inner = try add(.erf(Erf()), try add(.div(Div()), x, try number(1.414_213_6)))
      }
      let half = try add(.mul(Mul()), x, try number(0.5))
      try end(.mul(Mul()), half, try add(.add(Add()), inner, try number(1)))
    case .castLike:
      guard let type = type(second) else { return false }
      try end(.cast(Cast(to: type)), x)
    case .greaterOrEqual:
      try end(.or(Or()), try add(.greater(Greater()), x, second), try add(.equal(Equal()), x, second))
    case .lessOrEqual: try end(.or(Or()), try add(.less(Less()), x, second), try add(.equal(Equal()), x, second))
    case .layerNormalization(let norm): try spellOut(norm, node, x, y)
    case .rmsNormalization(let norm):
      guard let axes = try axes(from: norm.axis, of: x, name) else { return false }
      let squares = try add(.reduceMean(ReduceMean(Reduction())), try add(.mul(Mul()), x, x), axes)
      let sum = try add(.add(Add()), squares, try number(norm.epsilon))
      try end(.mul(Mul()), try add(.div(Div()), x, try add(.sqrt(Sqrt()), sum)), second)
    default: return false
    }
    return true
  }

  /// Before opset 13 they normalise over all axes from theirs on. So the axis goes to the end, and back.
  private func swapAxes(
    _ axis: SoftmaxAxis, _ node: Graph.Node, _ make: (SoftmaxAxis) -> Operator
  ) throws(GraphError) -> Bool {
    guard opset < 13, !axis.includesLaterAxes, let x = node.firstInput, let y = node.firstOutput, axis.axis != -1 else {
      return false
    }
    guard let rank = rank(x) else { throw refusal("its \(node.operation.name) is over all axes from one on") }
    let place = axis.axis < 0 ? axis.axis + rank : axis.axis
    guard place != rank - 1 else {
      try add(make(SoftmaxAxis()), [x], of: node.name, to: y)
      return true
    }
    var order = Array(0..<rank)
    guard order.indices.contains(place) else { return false }
    order.swapAt(place, rank - 1)
    let turned = try add(.transpose(Transpose(perm: order)), [x], of: node.name)
    let normalized = try add(make(SoftmaxAxis()), [turned], of: node.name)
    try add(.transpose(Transpose(perm: order)), [normalized], of: node.name, to: y)
    return true
  }

  /// A Slice with steps, by a Gather for each axis.
  private func pick(_ node: Graph.Node, _ x: Graph.ValueID, _ y: Graph.ValueID) throws(GraphError) -> Bool {
    guard node.inputs.count > 4, let steps = constant(node.inputs[4])?.ints, steps.contains(where: { $0 != 1 }),
      let starts = constant(node.inputs[1])?.ints, let ends = constant(node.inputs[2])?.ints, let rank = rank(x)
    else { return false }
    let axes = node.inputs[3] == nil ? Array(steps.indices) : constant(node.inputs[3])?.ints ?? []
    guard starts.count == steps.count, ends.count == steps.count, axes.count == steps.count else { return false }
    var value = x
    for (index, named) in axes.enumerated() {
      let axis = named < 0 ? named + rank : named
      guard let extent = extent(x, axis), extent > 0, extent <= 1 << 16, steps[index] != 0 else { return false }
      // As the page counts: from the back if negative, then within the axis.
      func place(_ bound: Int, _ least: Int, _ most: Int) -> Int {
        min(max(bound < 0 ? max(bound, -extent - 1) + extent : bound, least), most)
      }
      let step = min(max(steps[index], -extent), extent)
      let start = step > 0 ? place(starts[index], 0, extent) : place(starts[index], 0, extent - 1)
      let end = step > 0 ? place(ends[index], 0, extent) : place(ends[index], -1, extent - 1)
      let places = Array(stride(from: start, to: end, by: step))
      let isLast = index == axes.count - 1
      value = try add(
        .gather(Gather(axis: axis)), [value, try ints(places, "\(node.name)/places")], of: node.name,
        to: isLast ? y : nil)
    }
    return true
  }

  /// No axes, and `noop_with_empty_axes`: an Identity, where the opset has no such attribute.
  private func keep(_ reduction: Reduction, _ node: Graph.Node) throws(GraphError) -> Bool {
    guard reduction.noAxesMeansNone, let y = node.firstOutput,
      form(node.operation.name)?.later.contains(where: { $0.name.isExactly("noop_with_empty_axes") }) == true
    else { return false }
    if node.inputs.count > 1, let axes = node.inputs[1] {
      guard constant(axes)?.count == 0 else { return false }
    }
    try add(.identity(Identity()), [node.firstInput], of: node.name, to: y)
    return true
  }

  /// The axes from one on, as a constant.
  private func axes(from axis: Int, of x: Graph.ValueID, _ name: String) throws(GraphError) -> Graph.ValueID? {
    guard let rank = rank(x) else { return nil }
    let first = axis < 0 ? axis + rank : axis
    guard first >= 0, first < rank else { return nil }
    return try ints(Array(first..<rank), "\(name)/axes")
  }

  /// (x − mean) / √(variance + ε) · scale + bias, in ``LayerNormalization/stashType``.
  private func spellOut(
    _ norm: LayerNormalization, _ node: Graph.Node, _ x: Graph.ValueID, _ y: Graph.ValueID
  ) throws(GraphError) {
    let name = node.name
    guard let axes = try axes(from: norm.axis, of: x, name), let type = type(x) else {
      throw refusal("the rank of a LayerNormalization's input is not known")
    }
    func output(_ index: Int) -> Graph.ValueID? { index < node.outputs.count ? node.outputs[index] : nil }
    let isCast = norm.stashType != type && type.isHalf
    let wide = isCast ? try add(.cast(Cast(to: norm.stashType)), [x], of: name) : x
    let mean = try add(.reduceMean(ReduceMean(Reduction())), [wide, axes], of: name, to: output(1))
    let difference = try add(.sub(Sub()), [wide, mean], of: name)
    let squares = try add(.mul(Mul()), [difference, difference], of: name)
    let variance = try add(.reduceMean(ReduceMean(Reduction())), [squares, axes], of: name)
    let sum = try add(.add(Add()), [variance, try number(norm.epsilon, like: wide, "\(name)/epsilon")], of: name)
    let deviation = try add(.sqrt(Sqrt()), [sum], of: name)
    if let inverse = output(2) { try add(.reciprocal(Reciprocal()), [deviation], of: name, to: inverse) }
    var result = try add(.div(Div()), [difference, deviation], of: name)
    if isCast { result = try add(.cast(Cast(to: type)), [result], of: name) }
    let bias = node.inputs.count > 2 ? node.inputs[2] : nil
    let scaled = [result, node.inputs.count > 1 ? node.inputs[1] : nil]
    guard let bias else {
      try add(.mul(Mul()), scaled, of: name, to: y)
      return
    }
    try add(.add(Add()), [try add(.mul(Mul()), scaled, of: name), bias], of: name, to: y)
  }

  /// An InstanceNormalization of the groups' elements, then the channels' scale and bias.
  private func spellOut(
    _ norm: GroupNormalization, _ node: Graph.Node, _ x: Graph.ValueID, _ y: Graph.ValueID
  ) throws(GraphError) {
    let name = node.name
    guard let rank = rank(x), rank > 2, !norm.scalesGroups, node.inputs.count == 3, let type = type(x) else {
      throw refusal("its GroupNormalization has a scale for each group")
    }
    let shape = try add(.shape(ShapeOperator()), [x], of: name)
    let flat = try add(.reshape(Reshape()), [x, try ints([0, norm.groups, -1], "\(name)/groups")], of: name)
    let ones = try Tensor([norm.groups], [Float](repeating: 1, count: norm.groups)).converted(to: type)
    let normalized = try add(
      .instanceNormalization(InstanceNormalization(epsilon: norm.epsilon)),
      [flat, add(ones, "\(name)/one"), add(try Tensor(zeros: [norm.groups], type: type), "\(name)/zero")], of: name)
    var result = try add(.reshape(Reshape()), [normalized, shape], of: name)
    let channels = try ints([-1] + [Int](repeating: 1, count: rank - 2), "\(name)/channels")
    let scale = try add(.reshape(Reshape()), [node.inputs[1], channels], of: name)
    result = try add(.mul(Mul()), [result, scale], of: name)
    let bias = try add(.reshape(Reshape()), [node.inputs[2], channels], of: name)
    try add(.add(Add()), [result, bias], of: name, to: y)
  }
}
