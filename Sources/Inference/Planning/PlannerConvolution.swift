import Kernels
import ModelGraph

extension Planner {
  /// Conv and FusedConv: Winograd where that was chosen, indirect GEMM, or, one filter a channel, the depthwise kernel.
  mutating func planConvolution(
    _ node: Graph.Node, _ output: Graph.ValueID, _ window: Window, _ group: Int, _ activation: Activation
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), let w = input(node, 1), isFloat(x), isKnown(w), isFloat(w) else { return false }
    let (bias, z) = (input(node, 2), input(node, 3))
    if let bias, !isKnown(bias) { return false }
    let geometry = try ConvolutionGeometry(window, group: group, x: shape(x), w: shape(w), of: node.operation.name)
    let (low, high) = activation.clampBounds
    let reads = [try operand(x, .channelsLast), try residual(z)]
    let work: Draft.Work
    let kernel: String
    if winogradChoices[output].tile > 0 {
      var winograd = winograd(geometry, winogradChoices[output])
      (winograd.low, winograd.high) = (low, high)
      work = .winograd(winograd, ConvolutionWeights(weights: w, bias: bias))
      kernel = winograd.name
    } else if geometry.groupChannels == 1, geometry.groupFilters == 1, geometry.group > 1 {
      var depthwise = f32_depthwise()
      depthwise.window = f32_window(geometry.plane, batch: geometry.batch, channels: geometry.channels)
      depthwise.isa = isa
      (depthwise.low, depthwise.high) = (low, high)
      f32_depthwise_plan(&depthwise)
      work = .depthwise(depthwise, weights: w, bias: bias)
      kernel = "f32_depthwise_\(String(cString: kernels_level_name(kernels_level_base(isa))))"
    } else {
      var convolution = f32_convolution(geometry)
      (convolution.low, convolution.high) = (low, high)
      f32_convolution_plan(&convolution, isa, Int32(threads))
      work = .convolution(convolution, ConvolutionWeights(weights: w, bias: bias))
      kernel = String(cString: convolution.family.pointee.name)
    }
    let target = newBuffer(output, .channelsLast)
    let taps = geometry.plane.height.kernel * geometry.plane.width.kernel
    append(
      Draft(
        name: node.name, kernel: kernel, work: work, reads: reads, writes: [target],
        multiplyAdds: shape(output).count * geometry.groupChannels * taps))
    if !activation.isClamp {
      // What the epilogue does not know follows in place.
      append(unary(activation, node.name, count: shape(output).count, from: .buffer(target), to: target))
    }
    return true
  }

  private mutating func residual(_ z: Graph.ValueID?) throws(GraphError) -> Operand {
    guard let z else { return .none }
    return try operand(z, .channelsLast)
  }

  /// Gemm with constant weights: each row of A a pixel of a 1×1 convolution.
  mutating func planGemm(_ node: Graph.Node, _ output: Graph.ValueID, _ gemm: Gemm) throws(GraphError) -> Bool {
    guard let a = input(node, 0), let b = input(node, 1), isFloat(a), isKnown(b), isFloat(b), !gemm.transA else {
      return false
    }
    let (depth, columns) = (shape(a)[1], shape(output)[1])
    let c = gemm.beta == 0 ? nil : input(node, 2)
    if let c {
      guard isKnown(c), shape(c).count == columns, shape(c).extents.last == columns else { return false }
    }
    let layout =
      gemm.transB
      ? f32_weight_layout(output_stride: depth, channel_stride: 1, tap_stride: 0)
      : f32_weight_layout(output_stride: 1, channel_stride: columns, tap_stride: 0)
    let weights = ConvolutionWeights(weights: b, bias: c, layout: layout, scale: gemm.alpha, biasScale: gemm.beta)
    try planProduct(node, output, a: a, weights, rows: shape(a)[0], depth: depth, columns: columns)
    return true
  }

  /// MatMul with a constant matrix on the right.
  mutating func planMatMul(_ node: Graph.Node, _ output: Graph.ValueID) throws(GraphError) -> Bool {
    guard let a = input(node, 0), let b = input(node, 1), isFloat(a), isKnown(b), isFloat(b), shape(b).rank == 2,
      shape(a).rank >= 2
    else { return false }
    let (depth, columns) = (shape(b)[0], shape(b)[1])
    let layout = f32_weight_layout(output_stride: 1, channel_stride: columns, tap_stride: 0)
    let weights = ConvolutionWeights(weights: b, bias: nil, layout: layout)
    try planProduct(node, output, a: a, weights, rows: shape(a).count / depth, depth: depth, columns: columns)
    return true
  }

  private mutating func planProduct(
    _ node: Graph.Node, _ output: Graph.ValueID, a: Graph.ValueID, _ weights: ConvolutionWeights, rows: Int, depth: Int,
    columns: Int
  ) throws(GraphError) {
    var product = f32_convolution()
    (product.batch, product.in_height, product.in_width, product.in_channels) = (1, 1, rows, depth)
    (product.out_height, product.out_width, product.out_channels) = (1, rows, columns)
    (product.kernel_height, product.kernel_width, product.stride_height, product.stride_width) = (1, 1, 1, 1)
    (product.dilation_height, product.dilation_width, product.groups) = (1, 1, 1)
    (product.low, product.high) = (-.infinity, .infinity)
    f32_convolution_plan(&product, isa, Int32(threads))
    let reads = [try operand(a, .plain), Operand.none]
    let target = newBuffer(output, .plain)
    append(
      Draft(
        name: node.name, kernel: String(cString: product.family.pointee.name), work: .convolution(product, weights),
        reads: reads, writes: [target], multiplyAdds: rows * depth * columns))
  }
}

extension Activation {
  /// The kernels' epilogue is a clamp; these activations are one.
  var isClamp: Bool {
    switch self {
    case .none, .relu, .clip: true
    case .leakyRelu, .sigmoid, .hardSigmoid, .hardSwish: false
    }
  }

  /// The bounds of the epilogue's clamp; without effect for what is no clamp. Never NaN, which instruction sets differ about:
  /// such a bound bounds nothing.
  var clampBounds: (low: Float, high: Float) {
    switch self {
    case .relu: (0, .infinity)
    case .clip(let min, let max): (min.isNaN ? -.infinity : min, max.isNaN ? .infinity : max)
    default: (-.infinity, .infinity)
    }
  }
}

extension f32_convolution {
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

extension f32_window {
  init(_ plane: WindowPlane, batch: Int, channels: Int) {
    self.init()
    let (height, width) = (plane.height, plane.width)
    (self.batch, self.channels) = (batch, channels)
    (in_height, in_width, out_height, out_width) = (height.input, width.input, height.output, width.output)
    (kernel_height, kernel_width) = (height.kernel, width.kernel)
    (stride_height, stride_width) = (height.stride, width.stride)
    (dilation_height, dilation_width) = (height.dilation, width.dilation)
    (pad_top, pad_left, pad_bottom, pad_right) = (
      height.padBefore, width.padBefore, height.padAfter, width.padAfter
    )
  }
}
