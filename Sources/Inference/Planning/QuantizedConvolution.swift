import Kernels
import ModelGraph

/// A convolution or matrix product of 8-bit integers with constant weights, together with what its kernel does as it
/// stores its results: the sum with a second value (QLinearAdd) and a narrower range (Clip).
struct QuantizedConvolution {
  let name: String
  let x: Graph.ValueID
  /// The value that is added to the convolution's own result.
  private(set) var residual: Graph.ValueID?
  /// The value that is stored.
  private(set) var output: Graph.ValueID
  let geometry: ConvolutionGeometry
  let layout: Layout
  let source: QuantizedWeights
  private let from: Grid
  private var epilogue = q8_epilogue()

  /// The kernel's parameters; not planned, no pointers.
  var parameters: q8_convolution {
    var parameters = q8_convolution()
    parameters.geometry = convolution_geometry(geometry)
    (parameters.x_signed, parameters.x_zero) = (from.isSigned, from.zero)
    parameters.epilogue = epilogue
    return parameters
  }

  /// nil if the candidate is something else, or nothing that kernels can do.
  init?(_ candidate: Candidate, _ planner: Planner) throws(GraphError) {
    switch candidate.node.operation {
    case .qLinearConv(let conv): try self.init(convolution: candidate.node, conv, candidate, sum: nil, planner)
    case .qLinearAdd:
      guard let product = planner.chains.product[candidate.index],
        case .qLinearConv(let conv) = planner.graph.nodes[product].operation
      else { return nil }
      try self.init(convolution: planner.graph.nodes[product], conv, candidate, sum: candidate.node, planner)
    case .qGemm(let gemm): try self.init(gemm, candidate, planner)
    case .qLinearMatMul: try self.init(matMul: candidate, planner)
    default: return nil
    }
  }

  /// - Parameter sum: the QLinearAdd that adds a second value to the result of `node`.
  private init?(
    convolution node: Graph.Node, _ conv: QLinearConv, _ candidate: Candidate, sum: Graph.Node?,
    _ planner: Planner
  ) throws(GraphError) {
    typealias Input = QLinearConv.Input
    guard let x = node[Input.x], let made = node.firstOutput, !planner.isKnown(x),
      let from = planner.grid(of: x, node, Input.xScale, Input.xZeroPoint),
      let to = planner.grid(of: made, node, Input.yScale, Input.yZeroPoint),
      let source = QuantizedWeights(
        node[Input.w], scales: node[Input.wScale], zeros: node[Input.wZeroPoint], bias: node[Input.b],
        ratio: from.scale / to.scale, planner)
    else { return nil }
    geometry = try conv.geometry(x: planner.shape(x), w: planner.shape(source.weights))
    guard geometry.plane.isFlat else { return nil }
    (name, self.x, self.from, self.source, layout) = (node.name, x, from, source, .channelsLast)
    output = candidate.output
    if let sum {
      typealias Input = QLinearAdd.Input
      let other = sum[Input.a] == made ? QLinearAdd.b : QLinearAdd.a
      guard let added = sum[other.x], !planner.isKnown(added),
        let residual = planner.grid(of: added, sum, other.scale, other.zeroPoint),
        let result = planner.grid(of: candidate.output, sum, Input.cScale, Input.cZeroPoint)
      else { return nil }
      self.residual = added
      epilogue.intermediate = 1
      (epilogue.t_zero, epilogue.t_low, epilogue.t_high) = (to.zero, to.low, to.high)
      epilogue.t_multiplier = to.scale / result.scale
      (epilogue.residual_signed, epilogue.residual_zero) = (residual.isSigned, residual.zero)
      epilogue.residual_multiplier = residual.scale / result.scale
      store(on: result, candidate, planner)
    } else {
      store(on: to, candidate, planner)
    }
  }

  private init?(_ gemm: QGemm, _ candidate: Candidate, _ planner: Planner) throws(GraphError) {
    let node = candidate.node
    typealias Input = QGemm.Input
    guard let a = node[Input.a], !planner.isKnown(a), !gemm.transA,
      let from = planner.grid(of: a, node, Input.aScale, Input.aZeroPoint)
    else { return nil }
    // Without a scale of its own the result is float.
    let to = planner.grid(of: candidate.output, node, Input.yScale, Input.yZeroPoint)
    if node[Input.yScale] != nil, to == nil { return nil }
    let (depth, columns) = (planner.shape(a)[1], planner.shape(candidate.output)[1])
    if let c = node[Input.c], planner.shape(c).count != columns { return nil }
    let ratio = gemm.alpha * from.scale / (to?.scale ?? 1)
    guard
      var source = QuantizedWeights(
        node[Input.b], scales: node[Input.bScale], zeros: node[Input.bZeroPoint], bias: node[Input.c], ratio: ratio,
        planner)
    else { return nil }
    source.layout = f32_weight_layout(depth: depth, columns: columns, transposed: gemm.transB)
    geometry = try ConvolutionGeometry(rows: planner.shape(a)[0], depth: depth, columns: columns, of: QGemm.name)
    (name, x, self.from, self.source, layout, output) = (node.name, a, from, source, .plain, candidate.output)
    if let to { store(on: to, candidate, planner) } else { epilogue.float_output = 1 }
  }

  private init?(matMul candidate: Candidate, _ planner: Planner) throws(GraphError) {
    let node = candidate.node
    typealias Input = QLinearMatMul.Input
    guard let a = node[Input.a], let b = node[Input.b], !planner.isKnown(a), planner.shape(a).rank >= 2,
      planner.shape(b).rank == 2, let from = planner.grid(of: a, node, Input.aScale, Input.aZeroPoint),
      let to = planner.grid(of: candidate.output, node, Input.yScale, Input.yZeroPoint),
      var source = QuantizedWeights(
        b, scales: node[Input.bScale], zeros: node[Input.bZeroPoint], bias: nil, ratio: from.scale / to.scale, planner)
    else { return nil }
    let (depth, columns) = (planner.shape(b)[0], planner.shape(b)[1])
    source.layout = f32_weight_layout(depth: depth, columns: columns, transposed: false)
    geometry = try ConvolutionGeometry(
      rows: planner.shape(a).count / depth, depth: depth, columns: columns, of: QLinearMatMul.name)
    (name, x, self.from, self.source, layout, output) = (node.name, a, from, source, .plain, candidate.output)
    store(on: to, candidate, planner)
  }

  /// Results go on `grid`, within the bounds of the Clip behind the candidate's node, if there is one.
  private mutating func store(on grid: Grid, _ candidate: Candidate, _ planner: Planner) {
    (epilogue.y_zero, epilogue.low, epilogue.high) = (grid.zero, grid.low, grid.high)
    guard let clip = planner.chains.clip[candidate.index] else { return }
    (epilogue.low, epilogue.high) = (clip.low, clip.high)
    output = clip.output
  }
}

extension Planner {
  /// Adds `step`, which computes `layer`.
  func append(_ layer: QuantizedConvolution, _ step: any Step) throws(GraphError) {
    var reads = [try operand(layer.x, layer.layout), Operand.none]
    if let residual = layer.residual { reads[1] = try operand(residual, layer.layout) }
    append(
      step, name: layer.name, reads: reads, writes: [newBuffer(layer.output, layer.layout)],
      multiplyAdds: layer.geometry.multiplyAdds)
  }
}
