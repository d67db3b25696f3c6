import ModelGraph
import Text

/// BatchNormalization → Gemm (or MatMul) becomes Gemm: W' = W · γ/√(σ²+ε) per input, b' = b + W · (β − μ · γ/√(σ²+ε));
/// Gemm (or MatMul) → BatchNormalization becomes Gemm, scaled per output. fastai's heads have the first kind.
///
/// Only for matrices, if nothing else reads the value between the two. Exact up to float rounding (1e-5 relative to the
/// largest output, tested).
public func foldBatchNormalizationIntoGemm(_ graph: inout Graph) -> Int {
  PassContext.alone(&graph, foldBatchNormalizationIntoGemm)
}

func foldBatchNormalizationIntoGemm(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard BatchNormalization.isIncluded,
    graph.hasNode(where: { if case .batchNormalization = $0 { true } else { false } })
  else { return 0 }
  let facts = context.facts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices where !uses.isTouched(index) {
    guard let norm = BatchNormalizationScale(graph, index), let input = graph.nodes[index][BatchNormalization.Input.x],
      facts.rank(input) == 2, let output = graph.soleOutput(index)
    else { continue }
    if let reader = uses.onlyReader(output), graph.nodes[reader].firstInput == output,
      var dense = Dense(graph, reader, facts), dense.inputs == norm.channels,
      let readerOutput = graph.soleOutput(reader),
      context.allows(bytes: dense.weight.byteCount, work: 2 * dense.weight.count)
    {
      dense.absorbBefore(norm)
      dense.input = input
      guard let node = dense.node(graph.nodes[reader].name, output: readerOutput, in: &graph) else { continue }
      graph.nodes[reader] = node
      uses.touch(reader)
    } else if uses.isReadOnce(input), let maker = uses.producer(input), var dense = Dense(graph, maker, facts),
      dense.outputs == norm.channels, context.allows(bytes: dense.weight.byteCount, work: dense.weight.count)
    {
      dense.absorbAfter(norm)
      guard let node = dense.node(graph.nodes[maker].name, output: output, in: &graph) else { continue }
      graph.nodes[maker] = node
      uses.make(output, by: maker)
    } else {
      continue
    }
    uses.remove(index)
    changes += 1
  }
  graph.removeNodes(uses.removed)
  return changes
}
