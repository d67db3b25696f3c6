import Kernels
import ModelGraph

/// The grid of an 8-bit value: real = (q − zero) · scale.
struct Grid {
  var scale: Float
  var zero: Int32
  var isSigned: Int32
  var low: Int32 { isSigned != 0 ? -128 : 0 }
  var high: Int32 { isSigned != 0 ? 127 : 255 }
}

/// From one grid to another.
typealias GridChange = (from: Grid, to: Grid)

extension Planner {
  /// Plans a node of 8-bit integers with kernels of ours and returns true, or leaves everything as it is.
  mutating func planQuantized(_ node: Graph.Node, _ index: Int, _ output: Graph.ValueID) throws(GraphError) -> Bool {
    if quantized.absorbed[index] {
      // A Clip's numbers are there already, unless what it follows had to be run by its definition.
      if case .clip = node.operation { return isPlanned(output) }
      return true
    }
    switch node.operation {
    case .qLinearConv: return try planQuantizedConvolution(node, index, sum: nil)
    case .qLinearAdd:
      if let product = quantized.product(ofSum: index, facts) {
        if try planQuantizedConvolution(graph.nodes[product], index, sum: node) { return true }
        try planReference(graph.nodes[product], product)
      }
      return try planQuantizedAdd(node, index, output)
    case .qGemm(let gemm): return try planQuantizedGemm(node, index, output, gemm)
    case .qLinearMatMul: return try planQuantizedMatMul(node, index, output)
    case .quantizeLinear(let quantize):
      return try planQuantize(node, output, granularity: quantize.granularity)
    case .dequantizeLinear(let dequantize):
      return try planDequantize(node, output, granularity: dequantize.granularity)
    case .maxPool(let pool):
      guard let x = input(node, 0), isByte(x), !isKnown(x) else { return false }
      let plane = try pool.window.plane(over: shape(x), kernel: pool.window.kernel, of: node.operation.name)
      let window = f32_window(plane, batch: shape(x)[0], channels: shape(x)[1])
      return try planQuantizedPool(node, x, output, window, F32_POOL_MAX, nil)
    case .qLinearAveragePool(let pool):
      guard let x = input(node, 0), !isKnown(x), !pool.channelsLast, !pool.countIncludePad, let from = grid(node, x, 1),
        let to = grid(node, output, 3)
      else { return false }
      let plane = try pool.window.plane(over: shape(x), kernel: pool.window.kernel, of: node.operation.name)
      let window = f32_window(plane, batch: shape(x)[0], channels: shape(x)[1])
      return try planQuantizedPool(node, x, output, window, F32_POOL_AVERAGE, (from, to))
    case .qLinearGlobalAveragePool(let pool):
      guard let x = input(node, 0), !isKnown(x), !pool.channelsLast, let from = grid(node, x, 1),
        let to = grid(node, output, 3)
      else { return false }
      return try planQuantizedPool(node, x, output, wholePlane(shape(x)), F32_POOL_AVERAGE, (from, to))
    case .qLinearConcat(let concat):
      return try planQuantizedConcat(node, output, axis: concat.axis)
    default: return false
    }
  }

  private func isByte(_ id: Graph.ValueID) -> Bool {
    (type(id) == .uint8 || type(id) == .int8) && shape(id).count > 0
  }

  /// The scale at `position` of the node's inputs and the zero point behind it, of the whole of `value`.
  private func grid(_ node: Graph.Node, _ value: Graph.ValueID, _ position: Int) -> Grid? {
    guard isByte(value), let id = input(node, position), let scale = constant(id), scale.type == .float32,
      scale.count == 1
    else { return nil }
    var grid = Grid(scale: scale.array(of: Float.self)[0], zero: 0, isSigned: type(value) == .int8 ? 1 : 0)
    // Kernels divide by it, and turn quotients to integers: what no scale should be is left to the definition.
    guard grid.scale >= .leastNormalMagnitude, grid.scale.isFinite else { return nil }
    if let id = input(node, position + 1) {
      guard let point = constant(id)?.ints, point.count == 1, (Int(grid.low)...Int(grid.high)).contains(point[0]) else {
        return nil
      }
      grid.zero = Int32(point[0])
    }
    return grid
  }

  // MARK: Convolutions

  /// A QLinearConv with the Clip behind it, or, if `sum` is given, with the QLinearAdd that adds something to it (then
  /// `index` is that node's).
  private mutating func planQuantizedConvolution(
    _ node: Graph.Node, _ index: Int, sum: Graph.Node?
  ) throws(GraphError) -> Bool {
    guard case .qLinearConv(let operation) = node.operation, let x = input(node, 0), let w = input(node, 3),
      let made = node.outputs.first ?? nil, let from = grid(node, x, 1), let to = grid(node, made, 6), isKnown(w),
      isByte(w), let weights = weights(node, 3, bias: 8, ratio: from.scale / to.scale), !isKnown(x)
    else { return false }
    let geometry = try operation.geometry(x: shape(x), w: shape(w))
    var work = q8_convolution(geometry)
    (work.x_signed, work.x_zero) = (from.isSigned, from.zero)
    var end = to
    var other: Graph.ValueID?
    if let sum {
      let isFirst = sum.inputs[0] == made
      guard let added = input(sum, isFirst ? 3 : 0), let residual = grid(sum, added, isFirst ? 4 : 1),
        let output = sum.outputs.first ?? nil, let result = grid(sum, output, 6), !isKnown(added)
      else { return false }
      (end, other) = (result, added)
      work.epilogue.intermediate = 1
      (work.epilogue.t_zero, work.epilogue.t_low, work.epilogue.t_high) = (to.zero, to.low, to.high)
      work.epilogue.t_multiplier = to.scale / result.scale
      (work.epilogue.residual_signed, work.epilogue.residual_zero) = (residual.isSigned, residual.zero)
      work.epilogue.residual_multiplier = residual.scale / result.scale
    }
    var reads = [try operand(x, .channelsLast), Operand.none]
    if let other { reads[1] = try operand(other, .channelsLast) }
    (work.epilogue.y_zero, work.epilogue.low, work.epilogue.high) = (end.zero, end.low, end.high)
    let output = storeClipped(index, &work.epilogue)
    let target = newBuffer(output, .channelsLast)
    let step: (kernel: String, work: Draft.Work)
    if let winograd = quantizedWinograd(work, weights) {
      step = (winograd.name, .quantizedWinograd(winograd, weights))
    } else {
      q8_convolution_plan(&work, isa, Int32(threads))
      step = (String(cString: q8_convolution_kernel(&work)), .quantizedConvolution(work, weights))
    }
    let taps = geometry.plane.height.kernel * geometry.plane.width.kernel
    append(
      Draft(
        name: node.name, kernel: step.kernel, work: step.work, reads: reads, writes: [target],
        multiplyAdds: shape(output).count * geometry.groupChannels * taps))
    return true
  }

  /// The value that the step of node `index` makes: its own, or that of the Clip behind it, whose bounds go into the
  /// epilogue.
  private func storeClipped(_ index: Int, _ epilogue: inout q8_epilogue) -> Graph.ValueID {
    if let clip = quantized.clip(after: index, facts, isConstant) {
      (epilogue.low, epilogue.high) = (Int32(clip.low), Int32(clip.high))
      return clip.output
    }
    return graph.nodes[index].outputs[0] ?? 0
  }

  private func weights(_ node: Graph.Node, _ position: Int, bias: Int?, ratio: Float) -> QuantizedWeights? {
    guard let w = input(node, position), let scales = input(node, position + 1), isKnown(w), isKnown(scales) else {
      return nil
    }
    let zeros = input(node, position + 2)
    let bias = bias.flatMap { input(node, $0) }
    guard zeros.map({ isKnown($0) }) ?? true, bias.map({ isKnown($0) }) ?? true else { return nil }
    return QuantizedWeights(weights: w, scales: scales, zeros: zeros, bias: bias, ratio: ratio)
  }

  // MARK: Products

  private mutating func planQuantizedGemm(
    _ node: Graph.Node, _ index: Int, _ output: Graph.ValueID, _ gemm: QGemm
  ) throws(GraphError) -> Bool {
    guard let a = input(node, 0), let b = input(node, 3), !isKnown(a), !gemm.transA, let from = grid(node, a, 1),
      isByte(b)
    else { return false }
    let to = input(node, 7) == nil ? nil : grid(node, output, 7)
    if input(node, 7) != nil, to == nil { return false }
    let (depth, columns) = (shape(a)[1], shape(output)[1])
    if let c = input(node, 6) { guard shape(c).count == columns else { return false } }
    let ratio = gemm.alpha * from.scale / (to?.scale ?? 1)
    guard var weights = weights(node, 3, bias: 6, ratio: ratio) else { return false }
    weights.layout =
      gemm.transB
      ? f32_weight_layout(output_stride: depth, channel_stride: 1, tap_stride: 0)
      : f32_weight_layout(output_stride: 1, channel_stride: columns, tap_stride: 0)
    try planQuantizedProduct(node, index, a, from, to, weights, rows: shape(a)[0], depth: depth, columns: columns)
    return true
  }

  private mutating func planQuantizedMatMul(
    _ node: Graph.Node, _ index: Int, _ output: Graph.ValueID
  ) throws(GraphError) -> Bool {
    guard let a = input(node, 0), let b = input(node, 3), !isKnown(a), let from = grid(node, a, 1), isByte(b),
      shape(b).rank == 2, shape(a).rank >= 2, let to = grid(node, output, 6),
      var weights = weights(node, 3, bias: nil, ratio: from.scale / to.scale)
    else { return false }
    let (depth, columns) = (shape(b)[0], shape(b)[1])
    weights.layout = f32_weight_layout(output_stride: 1, channel_stride: columns, tap_stride: 0)
    try planQuantizedProduct(
      node, index, a, from, to, weights, rows: shape(a).count / depth, depth: depth, columns: columns)
    return true
  }

  private mutating func planQuantizedProduct(
    _ node: Graph.Node, _ index: Int, _ a: Graph.ValueID, _ from: Grid, _ to: Grid?, _ weights: QuantizedWeights,
    rows: Int, depth: Int, columns: Int
  ) throws(GraphError) {
    var product = q8_convolution()
    (product.batch, product.in_height, product.in_width, product.in_channels) = (1, 1, rows, depth)
    (product.out_height, product.out_width, product.out_channels) = (1, rows, columns)
    (product.kernel_height, product.kernel_width, product.stride_height, product.stride_width) = (1, 1, 1, 1)
    (product.dilation_height, product.dilation_width, product.groups) = (1, 1, 1)
    (product.x_signed, product.x_zero) = (from.isSigned, from.zero)
    if let to {
      (product.epilogue.y_zero, product.epilogue.low, product.epilogue.high) = (to.zero, to.low, to.high)
    } else {
      product.epilogue.float_output = 1
    }
    let output = to == nil ? node.outputs[0] ?? 0 : storeClipped(index, &product.epilogue)
    q8_convolution_plan(&product, isa, Int32(threads))
    let reads = [try operand(a, .plain), Operand.none]
    let target = newBuffer(output, .plain)
    append(
      Draft(
        name: node.name, kernel: String(cString: q8_convolution_kernel(&product)),
        work: .quantizedConvolution(product, weights), reads: reads, writes: [target],
        multiplyAdds: rows * depth * columns))
  }

  // MARK: The rest

  private mutating func planQuantizedAdd(
    _ node: Graph.Node, _ index: Int, _ output: Graph.ValueID
  ) throws(GraphError) -> Bool {
    guard let a = input(node, 0), let b = input(node, 3), !isKnown(a), !isKnown(b), shape(a) == shape(b),
      let first = grid(node, a, 1), let second = grid(node, b, 4), let to = grid(node, output, 6)
    else { return false }
    var add = q8_add()
    add.count = shape(a).count
    (add.a_signed, add.a_zero, add.b_signed, add.b_zero) = (first.isSigned, first.zero, second.isSigned, second.zero)
    (add.a_multiplier, add.b_multiplier) = (first.scale / to.scale, second.scale / to.scale)
    (add.isa, add.zero, add.low, add.high) = (isa, to.zero, to.low, to.high)
    var result = output
    if let clip = quantized.clip(after: index, facts, isConstant) {
      (add.low, add.high, result) = (Int32(clip.low), Int32(clip.high), clip.output)
    }
    q8_add_plan(&add)
    let layout: Layout = prefersChannelsLast(a) || prefersChannelsLast(b) ? .channelsLast : .plain
    let reads = [try operand(a, layout), try operand(b, layout)]
    let target = newBuffer(result, layout)
    append(Draft(name: node.name, kernel: "q8_add", work: .quantizedAdd(add), reads: reads, writes: [target]))
    return true
  }

  private mutating func planQuantizedPool(
    _ node: Graph.Node, _ x: Graph.ValueID, _ output: Graph.ValueID, _ window: f32_window, _ kind: f32_pool_kind,
    _ change: GridChange?
  ) throws(GraphError) -> Bool {
    var pool = q8_pool()
    pool.window = window
    pool.kind = kind
    pool.isa = isa
    pool.x_signed = type(x) == .int8 ? 1 : 0
    if let change { pool.set(change) }
    q8_pool_plan(&pool)
    let reads = [try operand(x, .channelsLast)]
    let target = newBuffer(output, .channelsLast)
    let kernel = kind == F32_POOL_MAX ? "q8_max_pool" : "q8_average_pool"
    append(Draft(name: node.name, kernel: kernel, work: .quantizedPool(pool), reads: reads, writes: [target]))
    return true
  }

  private mutating func planQuantize(
    _ node: Graph.Node, _ output: Graph.ValueID, granularity: QuantizationGranularity
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isFloat(x), !isKnown(x), granularity.blockSize == 0,
      let to = grid(node, output, 1)
    else { return false }
    var quantize = q8_quantize()
    (quantize.isa, quantize.scale, quantize.zero) = (isa, to.scale, to.zero)
    (quantize.low, quantize.high) = (to.low, to.high)
    let shape = shape(x)
    let source: Operand
    let layout: Layout
    if shape.layoutsAgree || prefersChannelsLast(x) {
      layout = shape.layoutsAgree ? .plain : .channelsLast
      (quantize.batch, quantize.pixels, quantize.channels) = (1, shape.count, 1)
      source = try operand(x, layout)
    } else {
      // The change of layout happens on the way.
      layout = .channelsLast
      quantize.planes = 1
      (quantize.batch, quantize.pixels, quantize.channels) = (shape[0], shape.planeCount, shape[1])
      let isUntouchedInput = inputIndex[x] >= 0 && !isPlanned(x)
      source = isUntouchedInput ? .input(inputIndex[x]) : try operand(x, .plain)
    }
    q8_quantize_plan(&quantize)
    let target = newBuffer(output, layout)
    append(Draft(name: node.name, kernel: "q8_quantize", work: .quantize(quantize), reads: [source], writes: [target]))
    return true
  }

  private mutating func planDequantize(
    _ node: Graph.Node, _ output: Graph.ValueID, granularity: QuantizationGranularity
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), isByte(x), !isKnown(x), granularity.blockSize == 0, let from = grid(node, x, 1) else {
      return false
    }
    var dequantize = q8_dequantize()
    (dequantize.isa, dequantize.scale, dequantize.zero) = (isa, from.scale, from.zero)
    dequantize.x_signed = from.isSigned
    (dequantize.batch, dequantize.pixels, dequantize.channels) = (1, shape(x).count, 1)
    q8_dequantize_plan(&dequantize)
    let layout = home(x)
    let source = try operand(x, layout)
    let target = newBuffer(output, layout)
    append(
      Draft(name: node.name, kernel: "q8_dequantize", work: .dequantize(dequantize), reads: [source], writes: [target]))
    return true
  }

  /// Parts that are on the result's grid already are joined as they are, others on their way.
  private mutating func planQuantizedConcat(
    _ node: Graph.Node, _ output: Graph.ValueID, axis: Int
  ) throws(GraphError) -> Bool {
    guard let to = grid(node, output, 0) else { return false }
    var parts: [Graph.ValueID] = []
    var changes: [GridChange?] = []
    for first in stride(from: 2, to: node.inputs.count, by: 3) {
      guard let part = input(node, first), let from = grid(node, part, first + 1) else { return false }
      parts.append(part)
      changes.append(from.scale == to.scale && from.zero == to.zero ? nil : (from, to))
    }
    return try planConcat(node, parts, output, axis: axis, changes)
  }

  /// A copy of `x`, in the layout it was found in, on another grid: averages over windows of one element.
  mutating func requantized(
    _ x: Graph.ValueID, _ found: Operand, _ change: GridChange, of node: Graph.Node
  ) -> Operand {
    var pool = q8_pool()
    (pool.window.batch, pool.window.channels) = (1, shape(x).count)
    (pool.window.in_height, pool.window.in_width, pool.window.out_height, pool.window.out_width) = (1, 1, 1, 1)
    (pool.window.kernel_height, pool.window.kernel_width) = (1, 1)
    (pool.window.stride_height, pool.window.stride_width) = (1, 1)
    (pool.window.dilation_height, pool.window.dilation_width) = (1, 1)
    (pool.kind, pool.isa, pool.x_signed) = (F32_POOL_AVERAGE, isa, change.from.isSigned)
    pool.set(change)
    q8_pool_plan(&pool)
    let target = newBuffer(byteCount: shape(x).count)
    append(
      Draft(name: node.name, kernel: "q8_requantize", work: .quantizedPool(pool), reads: [found], writes: [target]))
    return .buffer(target)
  }
}

extension q8_pool {
  fileprivate mutating func set(_ change: GridChange) {
    (x_zero, y_zero, multiplier) = (change.from.zero, change.to.zero, change.from.scale / change.to.scale)
    (low, high) = (change.to.low, change.to.high)
  }
}

extension q8_convolution {
  /// The geometry alone; nothing decided, no pointers.
  init(_ geometry: ConvolutionGeometry) {
    self.init()
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    (batch, in_height, in_width, in_channels) = (geometry.batch, height.input, width.input, geometry.channels)
    (out_height, out_width, out_channels) = (height.output, width.output, geometry.filters)
    (kernel_height, kernel_width) = (height.kernel, width.kernel)
    (stride_height, stride_width) = (height.stride, width.stride)
    (dilation_height, dilation_width) = (height.dilation, width.dilation)
    (pad_top, pad_left) = (height.padBefore, width.padBefore)
    groups = geometry.group
  }
}
