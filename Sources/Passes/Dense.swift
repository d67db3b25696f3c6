import ModelGraph
import Text

/// A Gemm, or a MatMul of two matrices, with constant float32 weights, as y = x · W + b: alpha, beta, the weights'
/// layout and a broadcast bias are normalised. Used by the passes that rewrite fully connected layers.
struct Dense {
  var input: Graph.ValueID
  /// The node's weights: [in, out], or [out, in] if `transposed`; without alpha.
  var weight: Tensor
  var transposed: Bool
  var alpha: Double
  /// The bias including beta; nil if there is none.
  var bias: [Double]?

  var inputs: Int { transposed ? weight.shape[1] : weight.shape[0] }
  var outputs: Int { transposed ? weight.shape[0] : weight.shape[1] }

  /// nil if node `index` is not such a layer.
  init?(_ graph: Graph, _ index: Int, _ facts: KnownFacts) {
    let node = graph.nodes[index]
    // MatMul and Gemm have A and B at the same positions.
    guard let x = node[Gemm.Input.a], let weight = graph.constantInput(index, Gemm.Input.b), weight.type == .float32,
      weight.shape.rank == 2, weight.count > 0, facts.rank(x) == 2
    else { return nil }
    input = x
    self.weight = weight
    transposed = false
    alpha = 1
    switch node.operation {
    case .matMul: break
    case .gemm(let gemm):
      guard !gemm.transA else { return nil }
      transposed = gemm.transB
      alpha = Double(gemm.alpha)
      // With beta 0, C is not read.
      if gemm.beta != 0, !graph.lacksInput(index, Gemm.Input.c) {
        guard let c = graph.constantInput(index, Gemm.Input.c), let row = Dense.row(c, outputs: outputs) else {
          return nil
        }
        bias = row.map { $0 * Double(gemm.beta) }
      }
    default: return nil
    }
  }

  /// A bias that is the same for every row, expanded to one number per output; nil if `tensor` is anything else.
  static func row(_ tensor: Tensor, outputs: Int) -> [Double]? {
    guard tensor.type == .float32, tensor.shape.rank <= 2 else { return nil }
    guard tensor.shape.rank < 2 || tensor.shape[0] == 1 else { return nil }
    if tensor.count == 1 { return [Double](repeating: tensor.doubles[0], count: outputs) }
    return tensor.count == outputs ? tensor.doubles : nil
  }

  /// y = W · (scale · x + shift) + b
  mutating func absorbBefore(_ norm: BatchNormalizationScale) {
    var added = [Double](repeating: 0, count: outputs)
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    weight.withElements(Float.self) { values in
      for row in 0..<rows {
        for column in 0..<columns {
          let (into, from) = transposed ? (row, column) : (column, row)
          added[into] += Double(values[row * columns + column]) * norm.shift[from]
        }
      }
    }
    var sum = bias ?? [Double](repeating: 0, count: outputs)
    for output in sum.indices { sum[output] += alpha * added[output] }
    bias = sum
    weight = transposed ? weight.scaledColumns(norm.scale) : weight.scaledRows(norm.scale)
  }

  /// y = scale · (W · x + b) + shift
  mutating func absorbAfter(_ norm: BatchNormalizationScale) {
    let old = bias ?? [Double](repeating: 0, count: outputs)
    bias = old.indices.map { old[$0] * norm.scale[$0] + norm.shift[$0] }
    weight = transposed ? weight.scaledRows(norm.scale) : weight.scaledColumns(norm.scale)
  }

  /// The Gemm that computes this layer. `weightID`: a constant that already holds `weight`.
  func node(_ name: String, output: Graph.ValueID, weightID: Graph.ValueID? = nil, in graph: inout Graph)
    -> Graph.Node?
  {
    var inputs: [Graph.ValueID?] = [input, weightID ?? graph.addFreshConstant("\(name)_folded_weight", weight)]
    if let bias {
      guard let tensor = try? Tensor([bias.count], bias.map { Float($0) }) else { return nil }
      inputs.append(graph.addFreshConstant("\(name)_folded_bias", tensor))
    }
    let gemm = Gemm(alpha: Float(alpha), transB: transposed)
    return Graph.Node(name, .gemm(gemm), inputs: inputs, outputs: [output])
  }
}
