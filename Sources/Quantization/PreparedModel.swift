import ModelGraph
import Passes
import Text

/// A float classifier prepared for quantization: batch normalisations are folded, and every matrix product is a Conv or
/// a Gemm `x · Wᵀ + b` with its own constant weights (output channels outermost) and a bias. Still standard ONNX.
public struct PreparedModel: Sendable {
  public let graph: Graph
  /// `[N, 3, H, W]`, with N the batch size.
  public let inputShape: Shape
  /// Element type and shape of every value.
  let facts: [Fact?]
  /// What of a value's range matters to the functions that read it (``usefulRanges(of:)``).
  let usefulRanges: [Graph.ValueID: ClosedRange<Float>]
  /// The products of squeeze-and-excitation.
  private(set) var gates: Set<Int>

  /// Throws if the model is already quantised or has nothing to quantise.
  public init(_ model: Graph, inputShape: Shape) throws {
    if let node = model.nodes.first(where: { Self.isQuantized($0.operation) }) {
      throw QuantizationError(
        "is already quantised (\(node.place.printable)); give the float model that it was made from")
    }
    var graph = model
    try PassPipeline.simplify(&graph)
    try graph.flattenMatMuls(inputShape: inputShape)
    let facts = try graph.infer([inputShape])
    for index in graph.nodes.indices { Self.normalise(&graph, index, facts) }
    graph.compact()
    self.graph = graph
    self.inputShape = inputShape
    self.facts = try graph.infer([inputShape])
    usefulRanges = Self.usefulRanges(of: graph)
    gates = Self.gateProducts(graph, self.facts)
    gates = gates.filter { isProduct($0) }
    guard graph.nodes.indices.contains(where: { isProduct($0) }) else {
      throw QuantizationError("has no Conv, Gemm or MatMul with float weights, so nothing in it can be quantised")
    }
  }

  /// The model with other constants: `graph` has the nodes of `model.graph`.
  init(rewritten graph: Graph, _ model: PreparedModel) throws {
    self.graph = graph
    inputShape = model.inputShape
    facts = try graph.infer([model.inputShape])
    (usefulRanges, gates) = (model.usefulRanges, model.gates)
  }

  static func isQuantized(_ operation: Operator) -> Bool {
    switch operation {
    case .quantizeLinear, .dequantizeLinear, .qLinearConv, .qLinearMatMul, .convInteger, .matMulInteger,
      .dynamicQuantizeLinear, .qLinearAdd, .qLinearMul, .qLinearConcat, .qLinearAveragePool,
      .qLinearGlobalAveragePool, .qLinearSigmoid, .qGemm:
      true
    default: false
    }
  }

  /// Whether node `index` is a Conv or Gemm in the normalised form.
  func isProduct(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    switch node.operation {
    case .conv: break
    case .gemm(let gemm): guard gemm.transB, !gemm.transA, gemm.alpha == 1, gemm.beta == 1 else { return false }
    default: return false
    }
    // Conv and Gemm have input, weight and bias at the same positions.
    guard let x = node[Conv.Input.x], let w = constant(node[Conv.Input.w]), let b = constant(node[Conv.Input.b]) else {
      return false
    }
    return graph.values[x].constant == nil && w.type == .float32 && w.count > 0 && b.type == .float32
      && b.shape == [w.shape[0]]
  }

  func constant(_ id: Graph.ValueID?) -> Tensor? { id.flatMap { graph.values[$0].constant } }

  func weight(_ index: Int) -> Tensor? { constant(graph.nodes[index][Conv.Input.w]) }

  func bias(_ index: Int) -> [Float] { constant(graph.nodes[index][Conv.Input.b])?.array(of: Float.self) ?? [] }

  // MARK: Normalising products

  private static func normalise(_ graph: inout Graph, _ index: Int, _ facts: [Fact?]) {
    let node = graph.nodes[index]
    guard let x = node[Conv.Input.x], let id = node[Conv.Input.w], let weight = graph.values[id].constant,
      weight.type == .float32
    else { return }
    var bias: Tensor?
    if let id = node[Conv.Input.b] {
      guard let constant = graph.values[id].constant, constant.type == .float32 else { return }
      bias = constant
    }
    switch node.operation {
    case .conv:
      guard bias == nil, let zeros = try? Tensor(zeros: [weight.shape[0]]) else { return }
      let b = graph.addFreshConstant("\(node.name)_bias", zeros)
      graph.nodes[index].inputs = [x, id, b]
    case .gemm(let gemm):
      guard !gemm.transA else { return }
      dense(&graph, index, x, weight, bias, gemm)
    case .matMul:
      guard weight.shape.rank == 2, facts[x]?.shape.rank == 2 else { return }
      dense(&graph, index, x, weight, nil, Gemm())
    default: return
    }
  }

  private static func dense(
    _ graph: inout Graph, _ index: Int, _ x: Graph.ValueID, _ weight: Tensor, _ bias: Tensor?, _ gemm: Gemm
  ) {
    let name = graph.nodes[index].name
    let (outputs, inputs) =
      gemm.transB ? (weight.shape[0], weight.shape[1]) : (weight.shape[1], weight.shape[0])
    let old = weight.array(of: Float.self)
    var rows = [Float](repeating: 0, count: old.count)
    for output in 0..<outputs {
      for input in 0..<inputs {
        rows[output * inputs + input] =
          old[gemm.transB ? output * inputs + input : input * outputs + output] * gemm.alpha
      }
    }
    var sums = [Float](repeating: 0, count: outputs)
    if let bias {
      // A bias that differs between rows of the batch is not a bias per channel.
      guard bias.count == 1 || bias.count == outputs, bias.shape.rank < 2 || bias.shape[0] == 1 else { return }
      let values = bias.array(of: Float.self)
      for output in 0..<outputs { sums[output] = values[values.count == 1 ? 0 : output] * gemm.beta }
    }
    guard let w = try? Tensor([outputs, inputs], rows), let b = try? Tensor([outputs], sums) else { return }
    graph.nodes[index].operation = .gemm(Gemm(transB: true))
    graph.nodes[index].inputs = [
      x, graph.addFreshConstant("\(name)_rows", w), graph.addFreshConstant("\(name)_bias", b),
    ]
  }
}
