import ModelGraph
import Text

/// Conv → BatchNormalization becomes Conv: W' = W · γ/√(σ²+ε) per output channel, b' = (b − μ) · γ/√(σ²+ε) + β.
///
/// Only if nothing else reads the Conv's output, and weights and statistics are constants. Exact up to float rounding
/// (1e-6 relative, tested).
public func foldBatchNormalization(_ graph: inout Graph) -> Int { PassContext.alone(&graph, foldBatchNormalization) }

func foldBatchNormalization(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard BatchNormalization.isIncluded else { return 0 }
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices where !uses.isTouched(index) {
    guard let scale = BatchNormalizationScale(graph, index), let input = graph.nodes[index][BatchNormalization.Input.x],
      let output = graph.soleOutput(index), uses.isReadOnce(input), let maker = uses.producer(input),
      case .conv = graph.nodes[maker].operation, let weight = graph.constantInput(maker, Conv.Input.w),
      weight.type == .float32, weight.shape.rank > 2, weight.shape[0] == scale.channels,
      context.allows(bytes: weight.byteCount, work: weight.count)
    else { continue }
    var bias = scale.shift
    if !graph.lacksInput(maker, Conv.Input.b) {
      guard let old = graph.constantInput(maker, Conv.Input.b), old.type == .float32, old.count == scale.channels else {
        continue
      }
      for (channel, value) in old.array(of: Float.self).enumerated() {
        bias[channel] += Double(value) * scale.scale[channel]
      }
    }
    guard let newBias = try? Tensor([bias.count], bias.map { Float($0) }) else { continue }
    let name = graph.nodes[maker].name
    let newWeight = graph.addFreshConstant("\(name)_folded_weight", weight.scaledRows(scale.scale))
    let node = Graph.Node(
      name, graph.nodes[maker].operation,
      inputs: [graph.nodes[maker][Conv.Input.x], newWeight, graph.addFreshConstant("\(name)_folded_bias", newBias)],
      outputs: [output])
    // Keeping a model's weights twice in memory would be too much for a small device.
    if let old = graph.nodes[maker][Conv.Input.w], uses.isReadOnce(old) { graph.values[old].constant = nil }
    graph.nodes[maker] = node
    uses.make(output, by: maker)
    uses.remove(index)
    changes += 1
  }
  graph.removeNodes(uses.removed)
  return changes
}
