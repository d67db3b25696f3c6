import Kernels
import ModelGraph

/// `q8_convolution` with a zero point that a run finds: ConvInteger and MatMulInteger with constant weights and what
/// follows them (``IntegerChain``), and the product of DynamicQuantizeMatMul.
final class IntegerProductStep: Step {
  /// Constants that packing reads.
  private struct Source {
    let weights: Graph.ValueID
    let isSigned: Bool
    let zeros: Graph.ValueID?
    let scales: Graph.ValueID?
    let bias: Graph.ValueID?
    /// nil: ONNX's layout of convolution weights.
    let layout: f32_weight_layout?
  }

  private var parameters = q8_convolution()
  private let source: Source

  private init(
    _ geometry: ConvolutionGeometry, isSigned: Bool, isFloat: Bool, _ source: Source, _ planner: Planner
  ) {
    parameters.geometry = convolution_geometry(geometry)
    (parameters.x_signed, parameters.dynamic) = (isSigned ? 1 : 0, 1)
    parameters.epilogue.float_output = isFloat ? 1 : 2
    q8_convolution_plan(&parameters, planner.level, Int32(planner.threads))
    self.source = source
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let chain = planner.chains.integerProduct[candidate.index] else {
      return try plan(quantizing: candidate, planner)
    }
    let node = planner.graph.nodes[chain.nodes[0]]
    typealias Input = ConvInteger.Input
    guard let x = node[Input.x], let w = node[Input.w] else { return false }
    let (geometry, layout): (ConvolutionGeometry, f32_weight_layout?)
    if case .convInteger(let conv) = node.operation {
      (geometry, layout) = (try conv.geometry(x: planner.shape(x), w: planner.shape(w)), nil)
    } else {
      (geometry, layout) = try matrixProduct(x, w, of: MatMulInteger.name, planner)
    }
    let source = Source(
      weights: w, isSigned: planner.type(w) == .int8, zeros: node[Input.wZeroPoint], scales: nil, bias: chain.bias,
      layout: layout)
    let order: Layout = layout == nil ? .channelsLast : .plain
    var reads = [try planner.operand(x, order), Operand.none, Operand.none]
    if let zero = node[Input.xZeroPoint] { reads[1] = try planner.operand(zero, .plain) }
    if let scale = chain.scale { reads[2] = try planner.operand(scale, .plain) }
    let step = IntegerProductStep(
      geometry, isSigned: planner.type(x) == .int8, isFloat: chain.isFloat, source, planner)
    planner.append(
      step, name: node.name, reads: reads, writes: [planner.newBuffer(chain.output, order)],
      multiplyAdds: geometry.multiplyAdds)
    return true
  }

  /// DynamicQuantizeMatMul: two steps.
  private static func plan(quantizing candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    let node = candidate.node
    typealias Input = DynamicQuantizeMatMul.Input
    guard case .dynamicQuantizeMatMul = node.operation, let a = planner.floatVariable(node[Input.a]),
      let b = node[Input.b], planner.isKnown(b), planner.shape(a).rank >= 2, planner.shape(b).rank == 2,
      let scales = node[Input.bScale],
      [scales, node[Input.bZeroPoint], node[Input.bias]].allSatisfy({ $0.map { planner.isKnown($0) } ?? true })
    else { return false }
    let (geometry, layout) = try matrixProduct(a, b, of: DynamicQuantizeMatMul.name, planner)
    let source = Source(
      weights: b, isSigned: planner.type(b) == .int8, zeros: node[Input.bZeroPoint], scales: scales,
      bias: node[Input.bias], layout: layout)
    let (y, scale, zero) = try DynamicQuantizeStep.plan(a, for: node, planner)
    let step = IntegerProductStep(geometry, isSigned: false, isFloat: true, source, planner)
    planner.append(
      step, name: node.name, reads: [.buffer(y), .buffer(zero), .buffer(scale)],
      writes: [planner.newBuffer(candidate.output, .plain)], multiplyAdds: geometry.multiplyAdds)
    return true
  }

  private static func matrixProduct(
    _ a: Graph.ValueID, _ b: Graph.ValueID, of name: String, _ planner: Planner
  ) throws(GraphError) -> (ConvolutionGeometry, f32_weight_layout?) {
    let (depth, columns) = (planner.shape(b)[0], planner.shape(b)[1])
    return (
      try ConvolutionGeometry(rows: planner.shape(a).count / depth, depth: depth, columns: columns, of: name),
      f32_weight_layout(depth: depth, columns: columns, transposed: false)
    )
  }

  var kernel: String { String(cString: q8_convolution_kernel(&parameters)) }

  /// Among the zeros is the zero point of an input that states none.
  var needs: StepNeeds {
    StepNeeds(
      packedBytes: parameters.packed_bytes, scratchBytes: parameters.scratch_bytes, zeroBytes: 4,
      weights: source.weights, others: [source.zeros, source.scales, source.bias])
  }

  func pack(_ packer: Packer) throws(GraphError) {
    let count = parameters.geometry.out_channels
    func spread<Number>(_ numbers: [Number]) -> [Number] {
      numbers.count == 1 ? [Number](repeating: numbers[0], count: count) : numbers
    }
    let scales = source.scales.flatMap { packer.constant($0)?.array(of: Float.self) } ?? [1]
    let zeros = source.zeros.flatMap { packer.constant($0)?.ints }
    let bias = source.bias.flatMap { packer.constant($0)?.array(of: Float.self) }
    let points = zeros.map { spread($0.map { Int32(truncatingIfNeeded: $0) }) }
    guard let weights = packer.weights(source.weights) else {
      parameters.w = UnsafeRawPointer(packer.room)
      return
    }
    parameters.w = try packer.fill(parameters.packed_bytes) { fill($0, $1, weights, points, spread(scales), bias) }
  }

  private func fill(
    _ target: UnsafeMutableRawPointer, _ room: Int, _ weights: UnsafeRawPointer, _ zeros: [Int32]?, _ scales: [Float],
    _ bias: [Float]?
  ) -> Int {
    q8_convolution_pack(
      &parameters, weights, source.isSigned ? 1 : 0, source.layout ?? q8_convolution_layout(&parameters), zeros, nil,
      scales, bias, target, room)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.zero_point = (binder.address(1) ?? UnsafeRawPointer(binder.zeros)).assumingMemoryBound(to: UInt8.self)
    parameters.scale = binder.floats(2)
    parameters.y = binder.result()
    parameters.y_stride = parameters.geometry.out_channels
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(q8_convolution_task, parameters, tasks: parameters.tasks)
  }
}
