import ModelGraph
import Text

/// Runs the passes in the order that the engine needs. `tools/build-field --for` takes out the lines of those that change
/// nothing in its models.
public enum PassPipeline {
  /// Passes that create work for one another, repeated until none changes anything.
  private static let simplifications: [Pass] = [
    Pass("inline-branches", inlineBranches),
    Pass("lower-half-floats", lowerHalfFloats),
    Pass("drop-identity", dropIdentity),
    Pass("fold-constants", foldConstants),
    Pass("fold-pad-into-convolution", foldPadIntoConvolution),
    Pass("recognise-flatten", recogniseFlatten),
    Pass("recognise-global-pooling", recogniseGlobalPooling),
    Pass("normalise-concat-pool") { graph, _ in normaliseConcatPool(&graph) },
    Pass("fold-batch-normalization", foldBatchNormalization),
    Pass("fold-batch-normalization-into-gemm", foldBatchNormalizationIntoGemm),
    Pass("fuse-matmul-add", fuseMatMulAdd),
    Pass("tabulate-bytes", tabulateBytes),
    Pass("lower-quantization", lowerQuantization),
    Pass("drop-dead-nodes") { graph, context in
      context.forget()
      return dropDeadNodes(&graph)
    },
  ]

  /// Passes that introduce engine-only operators, run once the graph is fully simplified.
  private static let fusions: [Pass] = [
    Pass("dequantize-constants", dequantizeConstants),
    Pass("merge-parallel-convolutions", mergeParallelConvolutions),
    Pass("drop-unreachable-taps", dropUnreachableTaps),
    Pass("recognise-activations", recogniseActivations),
    Pass("fuse-convolution", fuseConvolution),
  ]

  /// Every changing round leaves fewer or simpler nodes, so this limit only guards against a faulty pass.
  private static let roundLimit = 64
  /// Limit on node visits in all rounds together: a graph of 100,000 nodes that needs more rounds is run as it is then.
  private static let visitLimit = 1_000_000

  /// Runs all passes. Returns each pass, in order, with the number of places it changed.
  ///
  /// Inputs and outputs with their names and declarations are preserved; ``Graph/ValueID``s are not.
  ///
  /// - Parameter observe: is given the graph after each pass that changed it.
  @discardableResult
  public static func optimize(
    _ graph: inout Graph, limits: Limits = .standard, observe: (Graph) -> Void = { _ in }
  ) throws(GraphError) -> [(name: String, changes: Int)] {
    var report = try simplify(&graph, limits: limits, observe: observe)
    var context = PassContext(graph, limits: limits)
    for pass in fusions {
      report.append((name: pass.name, changes: pass.apply(&graph, &context)))
      observe(graph)
    }
    graph.compact()
    return report
  }

  /// Runs the passes before fusing; a float graph remains standard ONNX.
  @discardableResult
  public static func simplify(
    _ graph: inout Graph, limits: Limits = .standard, observe: (Graph) -> Void = { _ in }
  ) throws(GraphError) -> [(name: String, changes: Int)] {
    // The passes assume that a Conv has its second input.
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
        if changes > 0 {
          changed = true
          observe(graph)
        }
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
