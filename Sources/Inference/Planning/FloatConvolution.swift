import Kernels
import ModelGraph

/// A convolution or matrix product of floats with constant weights: a Conv, FusedConv, Gemm or MatMul, the latter two with what
/// ``FloatChains`` joins to them.
struct FloatConvolution {
  let name: String
  let x: Graph.ValueID
  /// The value that is added to the result before the activation.
  let residual: Graph.ValueID?
  let output: Graph.ValueID
  var geometry: ConvolutionGeometry
  let activation: Activation
  let layout: Layout
  let source: ConvolutionWeights

  /// nil if the candidate is something else, or nothing that kernels can do.
  init?(_ candidate: Candidate, _ planner: Planner) throws(GraphError) {
    switch candidate.node.operation {
    case .conv(let conv): try self.init(candidate, planner, conv.window, conv.group, .none)
    case .fusedConv(let conv): try self.init(candidate, planner, conv.window, conv.group, conv.activation)
    case .gemm(let gemm): try self.init(gemm, candidate, planner)
    case .matMul: try self.init(matMul: candidate, planner)
    default: return nil
    }
  }

  private init?(
    _ candidate: Candidate, _ planner: Planner, _ window: Window, _ group: Int, _ activation: Activation
  ) throws(GraphError) {
    let node = candidate.node
    typealias Input = FusedConv.Input
    guard let x = node[Input.x], let w = node[Input.w], planner.isFloat(x), planner.isKnown(w), planner.isFloat(w)
    else { return nil }
    if let bias = node[Input.b], !planner.isKnown(bias) { return nil }
    geometry = try ConvolutionGeometry(
      window, group: group, x: planner.shape(x), w: planner.shape(w), of: node.operation.name)
    guard geometry.plane.isFlat else { return nil }
    (name, self.x, residual, output) = (node.name, x, node[Input.z], candidate.output)
    (self.activation, layout) = (activation, .channelsLast)
    source = ConvolutionWeights(weights: w, bias: node[Input.b])
  }

  private init?(_ gemm: Gemm, _ candidate: Candidate, _ planner: Planner) throws(GraphError) {
    let node = candidate.node
    guard let a = node[Gemm.Input.a], let b = node[Gemm.Input.b], planner.isFloat(a), planner.isKnown(b),
      planner.isFloat(b), !gemm.transA
    else { return nil }
    let (depth, columns) = (planner.shape(a)[1], planner.shape(candidate.output)[1])
    let c = gemm.beta == 0 ? nil : node[Gemm.Input.c]
    if let c {
      let shape = planner.shape(c)
      guard planner.isKnown(c), shape.count == columns, shape.extents.last == columns else { return nil }
    }
    geometry = try ConvolutionGeometry(rows: planner.shape(a)[0], depth: depth, columns: columns, of: Gemm.name)
    let chain = planner.floatChains.chain[candidate.index]
    (name, x, layout) = (node.name, a, .plain)
    (residual, activation, output) = (chain?.residual, chain?.activation ?? .none, chain?.output ?? candidate.output)
    source = ConvolutionWeights(
      weights: b, bias: c, layout: f32_weight_layout(depth: depth, columns: columns, transposed: gemm.transB),
      scale: gemm.alpha, biasScale: gemm.beta)
  }

  private init?(matMul candidate: Candidate, _ planner: Planner) throws(GraphError) {
    let node = candidate.node
    guard let a = node[MatMul.Input.a], let b = node[MatMul.Input.b], planner.isFloat(a), planner.isKnown(b),
      planner.isFloat(b), planner.shape(a).rank >= 2, planner.shape(b).rank == 2
    else { return nil }
    let (depth, columns) = (planner.shape(b)[0], planner.shape(b)[1])
    geometry = try ConvolutionGeometry(
      rows: planner.shape(a).count / depth, depth: depth, columns: columns, of: MatMul.name)
    let chain = planner.floatChains.chain[candidate.index]
    (name, x, layout) = (node.name, a, .plain)
    (residual, activation, output) = (chain?.residual, chain?.activation ?? .none, chain?.output ?? candidate.output)
    source = ConvolutionWeights(
      weights: b, bias: chain?.bias, layout: f32_weight_layout(depth: depth, columns: columns, transposed: false))
  }
}

extension f32_weight_layout {
  /// Of a matrix `[depth, columns]`, or `[columns, depth]` if `transposed`.
  init(depth: Int, columns: Int, transposed: Bool) {
    self.init(
      output_stride: transposed ? depth : 1, channel_stride: transposed ? 1 : columns, tap_stride: 0)
  }
}

extension Planner {
  /// Adds `step`, which computes `layer`.
  ///
  /// - Parameter activates: whether the step applies every activation. Otherwise one that is no clamp follows as a step of
  ///   its own, in place.
  /// - Parameter slice: where the step writes, if it can write between other channels.
  /// - Parameter input: where the step finds its input, if it is one that goes by a slice.
  func append(
    _ layer: FloatConvolution, _ step: any Step, activates: Bool, slice: Slice? = nil, input: Operand? = nil
  ) throws(GraphError) {
    var reads = [Operand.none, .none]
    if let input { reads[0] = input } else { reads[0] = try operand(layer.x, layer.layout) }
    if let residual = layer.residual { reads[1] = try operand(residual, layer.layout) }
    let target = newBuffer(layer.output, layer.layout)
    append(step, name: layer.name, reads: reads, writes: [target], multiplyAdds: layer.geometry.multiplyAdds)
    isChained[layer.output] = true
    if activates || layer.activation.isClamp {
      if let slice, layer.layout == .channelsLast { noteSlice(slice, of: layer.output) }
      return
    }
    let unary = UnaryStep(UnaryFunction(layer.activation), count: shape(layer.output).count, self)
    append(unary, name: layer.name, reads: [.buffer(target)], writes: [target])
  }
}
