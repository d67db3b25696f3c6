import ModelGraph
import Text

// What older opsets say by attributes, or otherwise. The inputs' places are those of the operators' newest pages.
extension OpsetForms {
  func takeOlderForm(_ node: inout WrittenNode) throws(GraphError) {
    // The last change of a form; poolForm(_:) tells which.
    if opset >= 22 { return }
    switch node.kind {
    case "Squeeze", "Unsqueeze": if opset < 13 { try move(1, "axes", &node) }
    case "Split": try splitForm(&node)
    case "Clip": if opset < 11 { try boundsForm(&node) }
    case "Dropout": if opset < 12 { try dropoutForm(&node) }
    case "TopK":
      if opset < 11, node.int("largest") == 1 { node.remove("largest") }
      if opset < 10 {
        guard let k = constant(node.input(1))?.ints, k.count == 1 else { throw refusal("k is no constant") }
        node.truncate(1)
        node.set(.int("k", k[0]))
      }
    case "Slice": if opset < 10 { try sliceForm(&node) }
    case "Pad": try padForm(&node)
    case "Resize": try resizeForm(&node)
    case "Reshape":
      // It differs for an extent of 0 alone.
      if opset < 14, node.has("allowzero") {
        guard constant(node.input(1))?.ints?.contains(0) != true else {
          throw refusal("allowzero keeps an extent of 0")
        }
        node.remove("allowzero")
      }
    case "Gemm":
      if opset < 11, node.input(2) == nil {
        node.truncate(2)
        node.inputs.append(try number(0, like: node.input(0), "\(node.name)/C"))
      }
    case "Softmax", "LogSoftmax", "Hardmax":
      // The last axis alone, or all from this one on (``spellOut(_:)``).
      if opset < 13, node.int("axis") == -1, let rank = rank(node.input(0)) { node.set(.int("axis", rank - 1)) }
    case "QuantizeLinear", "DequantizeLinear": try quantizerForm(&node)
    case "GridSample":
      if opset < 20 {
        guard rank(node.input(0)) == 4 else { throw refusal("its GridSample takes pictures alone") }
        let mode = node.string("mode")
        node.set(.string("mode", mode == "linear" ? "bilinear" : mode == "cubic" ? "bicubic" : mode))
      }
    case "RoiAlign":
      if opset < 16, node.string("coordinate_transformation_mode") == "output_half_pixel" {
        node.remove("coordinate_transformation_mode")
      }
    case "ScatterElements", "ScatterND":
      let reduction = node.string("reduction")
      guard opset >= 18 || reduction != "max" && reduction != "min" else {
        throw refusal("its \(node.kind) has no \(reduction)")
      }
      if opset < 11, node.kind == "ScatterElements" { node.kind = "Scatter" }
    case "ConvTranspose":
      if opset < 11, node.has("output_shape") {
        // An odd padding cell of output_shape was on the other side.
        let isUpper = node.string("auto_pad") == "SAME_UPPER"
        for name in ["auto_pad", "pads"] { node.remove(name) }
        if !isUpper { node.set(.string("auto_pad", "SAME_UPPER")) }
      }
    case "MaxPool", "AveragePool", "LpPool": try poolForm(&node)
    case "Max", "Min", "Sum", "Mean":
      guard opset >= 8 || haveOneShape(node.inputs) else { throw refusal("its \(node.kind) does not broadcast") }
    case "Pow": if opset < 12 { try castInputs(&node) }
    case "BatchNormalization": if opset < 15 { try castInputs(&node) }
    case "GatherND": if opset < 12, node.int("batch_dims") == 0 { node.remove("batch_dims") }
    default: if node.kind.utf8.starts(with: "Reduce".utf8) { try reductionForm(&node) }
    }
    if case .ints(let dilations)? = node.value("dilations"), dilations.allSatisfy({ $0 == 1 }) {
      node.remove("dilations")
    }
    if opset < 11 { countAxesFromTheFront(&node) }
  }

  /// Makes an attribute of a constant input and of those behind it, which must be left out.
  private func move(_ index: Int, _ attribute: String, _ node: inout WrittenNode) throws(GraphError) {
    if let id = node.input(index) {
      guard let values = constant(id)?.ints else { throw refusal("\(attribute) is no constant") }
      node.set(.ints(attribute, values))
    }
    node.truncate(index)
  }

  /// From opset 11 on, negative axes count from the back.
  private func countAxesFromTheFront(_ node: inout WrittenNode) {
    let isOfOutput = node.kind == "Unsqueeze" || node.kind == "OneHot"
    guard let rank = isOfOutput ? node.outputs.first.flatMap({ self.rank($0) }) : rank(node.input(0)) else { return }
    if let axis = node.int("axis"), axis < 0 { node.set(.int("axis", axis + rank)) }
    if case .ints(let axes)? = node.value("axes") { node.set(.ints("axes", axes.map { $0 < 0 ? $0 + rank : $0 })) }
  }

  private func reductionForm(_ node: inout WrittenNode) throws(GraphError) {
    guard opset < (node.kind == "ReduceSum" ? 13 : 18) else { return }
    // An empty list means the same as none.
    if let axes = constant(node.input(1))?.ints, axes.isEmpty { node.truncate(1) }
    if node.input(1) != nil { node.remove("noop_with_empty_axes") }
    try move(1, "axes", &node)
  }

  private func splitForm(_ node: inout WrittenNode) throws(GraphError) {
    if opset < 18, node.input(1) == nil {
      // Equal parts, of which from opset 18 on the last may be smaller.
      node.remove("num_outputs")
      let parts = node.outputs.count
      let axis = node.int("axis") ?? 0
      guard let extent = extent(node.input(0), axis < 0 ? axis + (rank(node.input(0)) ?? 0) : axis) else {
        throw refusal("the extents of its parts are not known")
      }
      if extent % parts != 0 {
        let part = (extent + parts - 1) / parts
        let extents = (0..<parts).map { min(part, max(0, extent - $0 * part)) }
        node.inputs = [node.inputs[0], try ints(extents, "\(node.name)/split")]
      }
    }
    if opset < 13 { try move(1, "split", &node) }
  }

  private func boundsForm(_ node: inout WrittenNode) throws(GraphError) {
    for (index, name) in [(1, "min"), (2, "max")] {
      guard let id = node.input(index) else { continue }
      guard let bound = constant(id), bound.count == 1 else { throw refusal("\(name) is no constant") }
      node.set(.float(name, Float(bound.doubles[0])))
    }
    node.truncate(1)
  }

  private func dropoutForm(_ node: inout WrittenNode) throws(GraphError) {
    guard node.outputs.count < 2 || node.outputs[1] == nil else {
      throw refusal("its Dropout has a mask in training alone")
    }
    if let id = node.input(2) {
      guard constant(id)?.doubles.first == 0 else { throw refusal("its Dropout has no training_mode") }
    }
    if let id = node.input(1) {
      guard let ratio = constant(id), ratio.count == 1 else { throw refusal("ratio is no constant") }
      node.set(.float("ratio", Float(ratio.doubles[0])))
    }
    node.truncate(1)
  }

  private func sliceForm(_ node: inout WrittenNode) throws(GraphError) {
    if let id = node.input(4) {
      guard constant(id)?.ints?.allSatisfy({ $0 == 1 }) == true else { throw refusal("its Slice has no steps") }
    }
    node.truncate(4)
    // The last one first: each leaves out what is behind it.
    try move(3, "axes", &node)
    try move(2, "ends", &node)
    try move(1, "starts", &node)
  }

  private func padForm(_ node: inout WrittenNode) throws(GraphError) {
    guard opset >= 19 || node.string("mode") != "wrap" else { throw refusal("its Pad has no mode wrap") }
    if opset < 18, let id = node.input(3) {
      guard let axes = constant(id)?.ints, let pads = constant(node.input(1))?.ints, let rank = rank(node.input(0)),
        pads.count == 2 * axes.count
      else { throw refusal("axes or pads are no constants") }
      var all = [Int](repeating: 0, count: 2 * rank)
      for (index, named) in axes.enumerated() {
        let axis = named < 0 ? named + rank : named
        guard axis >= 0, axis < rank else { throw refusal("axis \(named) does not exist") }
        all[axis] = pads[index]
        all[axis + rank] = pads[index + axes.count]
      }
      node.truncate(3)
      node.inputs[1] = try ints(all, "\(node.name)/pads")
    }
    guard opset < 11 else { return }
    if let id = node.input(2) {
      guard let value = constant(id), value.count == 1 else { throw refusal("constant_value is no constant") }
      node.set(.float("value", Float(value.doubles[0])))
    }
    try move(1, "pads", &node)
  }

  /// Before opset 22 the page counted, with `ceil_mode`, a last window that begins in the padding, which engines leave
  /// out. Before opset 10 there is no `ceil_mode`: the padding at the end grows as far as the last window reaches.
  private func poolForm(_ node: inout WrittenNode) throws(GraphError) {
    guard node.int("ceil_mode") == 1, case .ints(let kernel)? = node.value("kernel_shape"), let x = node.inputs[0],
      let y = node.outputs[0], let from = facts[x]?.shape, let to = facts[y]?.shape, from.rank == kernel.count + 2,
      to.rank == from.rank
    else { return }
    func value(_ name: String, _ index: Int, _ otherwise: Int) -> Int {
      guard case .ints(let list)? = node.value(name), index < list.count else { return otherwise }
      return list[index]
    }
    var pads = (0..<2 * kernel.count).map { value("pads", $0, 0) }
    var grows = false
    for axis in kernel.indices {
      let reach = value("dilations", axis, 1) * (kernel[axis] - 1) + 1
      let step = max(value("strides", axis, 1), 1)
      let room = from[axis + 2] + pads[axis] + pads[axis + kernel.count] - reach
      guard (room + step - 1) / step + 1 == to[axis + 2] else {
        throw refusal("its \(node.kind) has one more window, which begins in the padding")
      }
      let missing = max(0, (to[axis + 2] - 1) * step - room)
      if missing > 0 || extent(x, axis + 2) == nil { grows = true }
      pads[axis + kernel.count] += missing
    }
    guard opset < 10 else { return }
    guard !grows || kernel.indices.allSatisfy({ extent(x, $0 + 2) != nil }) && node.int("count_include_pad") != 1 else {
      throw refusal("its \(node.kind) has no ceil_mode")
    }
    node.remove("ceil_mode")
    if grows { node.set(.ints("pads", pads)) }
  }

  /// Opset 10 and Upsample before it have only scales, of `asymmetric` coordinates; 11 and 12 want every input.
  private func resizeForm(_ node: inout WrittenNode) throws(GraphError) {
    let coordinates = node.string("coordinate_transformation_mode")
    guard opset >= 19 || coordinates != "half_pixel_symmetric" else {
      throw refusal("its Resize has no \(coordinates)")
    }
    guard opset < 13 || coordinates != "tf_half_pixel_for_nn" else { throw refusal("its Resize has no \(coordinates)") }
    if opset >= 13 { return }
    if opset >= 11 {
      while node.inputs.count < 3 { node.inputs.append(nil) }
      for index in [1, 2] where node.inputs[index] == nil {
        node.inputs[index] = add(try Tensor([0], [Float]()), "\(node.name)/none")
      }
      return
    }
    let mode = node.string("mode")
    guard let x = node.input(0), coordinates == "asymmetric", mode != "cubic", !node.has("axes") else {
      throw refusal("it resizes by asymmetric coordinates, to the nearest or linearly")
    }
    var (scales, given) = ([Float](), Graph.ValueID?.none)
    if let known = constant(node.input(2)) {
      scales = known.doubles.map { Float($0) }
    } else if let sizes = constant(node.input(3))?.ints {
      var found: [Float] = []
      for (axis, size) in sizes.enumerated() {
        guard let extent = extent(x, axis), extent > 0 else { throw refusal("the scales of Resize are not known") }
        found.append(Float(size) / Float(extent))
        guard Int(saturating: Double((Float(extent) * found[axis]).rounded(.down))) == size else {
          throw refusal("no scale makes \(size) of \(extent)")
        }
      }
      scales = found
    } else if node.input(2) != nil, opset == 9 || opset == 10 && mode == "linear" {
      // Only a run knows them. Upsample wants 1 at least; below 1, Resize to the nearest rounds up.
      given = node.input(2)
    } else {
      throw refusal("the scales of Resize are not known")
    }
    let rounding = node.string("nearest_mode")
    guard mode == "linear" || rounding == "floor" && scales.allSatisfy({ $0 >= 1 }) else {
      throw refusal("its Resize to the nearest rounds down where an axis grows, otherwise up")
    }
    node.attributes = [.string("mode", mode)]
    node.kind = opset < 10 ? "Upsample" : "Resize"
    node.inputs = [x]
    if opset < 9 {
      node.set(Attribute("scales", .floats(scales)))
    } else {
      if given == nil { given = add(try Tensor([scales.count], scales), "\(node.name)/scales") }
      node.inputs.append(given)
    }
  }

  /// Opsets below 13 have one scale for the whole tensor; below 21, the zero point alone says the type.
  private func quantizerForm(_ node: inout WrittenNode) throws(GraphError) {
    if node.kind == "QuantizeLinear", let number = node.int("output_dtype"), opset < 21 {
      if node.input(2) == nil, let type = TensorDataType.elementType(Int32(truncatingIfNeeded: number)),
        let scale = node.input(1), rank(scale) == 0
      {
        node.inputs = [node.inputs[0], scale, add(try Tensor(zeros: [], type: type), "\(node.name)/zero")]
      }
      if node.input(2) != nil { node.remove("output_dtype") }
    }
    guard opset < 13 else { return }
    node.remove("axis")
    for index in [1, 2] {
      guard let id = node.input(index), rank(id) != 0 else { continue }
      guard let value = constant(id), value.count == 1 else { throw refusal("it has one scale for a whole tensor") }
      node.inputs[index] = add(try value.reshaped([]), graph.values[id].name)
    }
  }

  private func haveOneShape(_ ids: [Graph.ValueID?]) -> Bool {
    guard let first = ids.first, let rank = rank(first) else { return false }
    return ids.allSatisfy { id in
      self.rank(id) == rank && (0..<rank).allSatisfy { extent(id, $0) != nil && extent(id, $0) == extent(first, $0) }
    }
  }

  /// Gives all inputs the type of the first.
  private func castInputs(_ node: inout WrittenNode) throws(GraphError) {
    guard let wanted = type(node.input(0)), wanted.isFloat else { return }
    for index in 1..<max(node.inputs.count, 1) {
      guard let id = node.inputs[index], let found = type(id), found != wanted else { continue }
      node.inputs[index] = try add(.cast(Cast(to: wanted)), [id], of: node.name)
    }
  }
}
