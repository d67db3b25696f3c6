import ModelGraph

/// The passes in the order that the runtime wants them.
public enum PassPipeline {
  /// Rewrites that make each other's work: done again until none finds anything.
  private static let simplifications: [Pass] = [
    Pass("drop-identity", dropIdentity),
    Pass("fold-constants", foldConstants),
    Pass("recognise-flatten", recogniseFlatten),
    Pass("recognise-global-pooling", recogniseGlobalPooling),
    Pass("normalise-concat-pool") { graph, _ in normaliseConcatPool(&graph) },
    Pass("fold-batch-normalization", foldBatchNormalization),
    Pass("fold-batch-normalization-into-gemm", foldBatchNormalizationIntoGemm),
    Pass("fuse-matmul-add", fuseMatMulAdd),
    Pass("lower-quantization", lowerQuantization),
    Pass("drop-dead-nodes") { graph, context in
      context.forget()
      return dropDeadNodes(&graph)
    },
  ]

  /// Rewrites into what only a runtime has, when the graph is as simple as it gets.
  private static let fusions: [Pass] = [Pass("fuse-convolution") { graph, _ in fuseConvolution(&graph) }]

  /// Every round that changes anything leaves fewer or simpler nodes; this is for the pass that forgets to.
  private static let roundLimit = 64
  /// Visits to nodes in all rounds together: a graph of 100,000 nodes that wants more rounds runs as it is then.
  private static let visitLimit = 1_000_000

  /// Everything the runtime wants done. Returns each pass, in order, with the number of places it changed.
  ///
  /// Inputs, outputs, their names and declarations stay as they are; ``Graph/ValueID``s do not.
  @discardableResult
  public static func optimize(
    _ graph: inout Graph, limits: Limits = .standard
  ) throws(GraphError) -> [(name: String, changes: Int)] {
    var report = try simplify(&graph, limits: limits)
    var context = PassContext(graph, limits: limits)
    for pass in fusions { report.append((name: pass.name, changes: pass.apply(&graph, &context))) }
    graph.compact()
    return report
  }

  /// What is done before fusing: of a float graph it leaves standard ONNX.
  @discardableResult
  public static func simplify(
    _ graph: inout Graph, limits: Limits = .standard
  ) throws(GraphError) -> [(name: String, changes: Int)] {
    // The passes take a Conv's second input for granted.
    for node in graph.nodes {
      do {
        try node.operation.checkArity(inputs: node.inputs.count, outputs: node.outputs.count)
      } catch {
        throw error.at(node.place)
      }
    }
    var report = simplifications.map { (name: $0.name, changes: 0) }
    var changed = true
    var rounds = 0
    var visits = 0
    var context = PassContext(graph, limits: limits)
    while changed, rounds < roundLimit, visits < visitLimit {
      changed = false
      rounds += 1
      visits += graph.nodes.count
      for (index, pass) in simplifications.enumerated() {
        let changes = pass.apply(&graph, &context)
        report[index].changes += changes
        if changes > 0 { changed = true }
      }
    }
    graph.compact()
    return report
  }
}

private struct Pass: Sendable {
  let name: String
  let apply: @Sendable (inout Graph, inout PassContext) -> Int

  init(_ name: String, _ apply: @escaping @Sendable (inout Graph, inout PassContext) -> Int) {
    self.name = name
    self.apply = apply
  }
}
