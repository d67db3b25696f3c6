import ModelGraph

/// Compensates in each channel's bias for the shift of the channel's mean by quantization (Nagel et al., "Data-free
/// quantization through weight equalization and bias correction", 2019, here with calibration pictures). Products are
/// corrected in order, so each sees inputs whose biases are already corrected.
///
/// The quantised network is run in segments, each ending in a product, over all batches; values that later segments
/// read are kept.
struct BiasCorrection {
  let model: PreparedModel
  let plan: QuantizationPlan
  let batches: [CalibrationBatch]
  let threads: Int

  /// By node: the mean of each output channel of each product, over pictures and positions.
  func means() throws -> [Int: [Double]] {
    let outputs = plan.products.compactMap { model.graph.nodes[$0].outputs[0] }
    var runner = try BatchRunner(model.graph, outputs: outputs, inputShapes: [model.inputShape], threads: threads)
    var meters = plan.products.map { _ in ChannelMeans() }
    for batch in batches {
      for (index, tensor) in try runner.run([batch.images]).enumerated() { meters[index].add(tensor, batch) }
    }
    return Dictionary(uniqueKeysWithValues: zip(plan.products, meters.map { $0.means }))
  }

  /// Corrects `numbers.biases`.
  func correct(
    _ numbers: inout QuantizationNumbers, means: [Int: [Double]], progress: (Int, Int) -> Void
  ) throws {
    let writer = try QDQWriter(model, plan, numbers, simulates: true)
    let graph = writer.graph
    let facts = try graph.infer([model.inputShape])
    let nodeOfOutput = Dictionary(
      uniqueKeysWithValues: plan.products.compactMap { index in model.graph.nodes[index].outputs[0].map { ($0, index) }
      })
    var lastRead = [Int](repeating: -1, count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() { for case let id? in node.inputs { lastRead[id] = index } }
    var kept = batches.map { batch in [graph.inputs[0]: batch.images] }
    var start = 0
    for (position, node) in graph.nodes.enumerated() {
      guard let output = node.firstOutput, let product = nodeOfOutput[output], let wanted = means[product]
      else { continue }
      let nodes = Array(graph.nodes[start...position])
      let made = Set(nodes.flatMap { $0.outputs.compactMap { $0 } })
      let read = Set(nodes.flatMap { $0.inputs.compactMap { $0 } })
      let inputs = read.filter { !made.contains($0) && graph.values[$0].constant == nil }.sorted()
      let outputs = [output] + made.filter { $0 != output && lastRead[$0] > position }.sorted()
      var part = graph
      part.nodes = nodes
      (part.inputs, part.outputs) = (inputs, outputs)
      var shapes: [Shape] = []
      for id in inputs {
        guard let fact = facts[id] else { throw QuantizationError("a value's shape is unknown") }
        part.values[id].declaration = Declaration(fact.type, fact.shape)
        shapes.append(fact.shape)
      }
      part.compact()
      var runner = try BatchRunner(part, inputShapes: shapes, threads: threads)
      var meter = ChannelMeans()
      for index in batches.indices {
        let results = try runner.run(inputs.compactMap { kept[index][$0] })
        meter.add(results[0], batches[index])
        for (id, tensor) in zip(outputs, results) { kept[index][id] = tensor }
      }
      let moved = meter.means
      let shift = zip(wanted, moved).map { Float($0 - $1) }
      numbers.biases[product] = zip(numbers.biases[product] ?? [], shift).map { $0 + $1 }
      for index in batches.indices {
        kept[index][output]?.add(shift)
        kept[index] = kept[index].filter { lastRead[$0.key] > position }
      }
      start = position + 1
      progress(plan.products.firstIndex(of: product).map { $0 + 1 } ?? 0, plan.products.count)
    }
  }
}

extension Tensor {
  /// Adds one number per channel of `[N, C, …]`.
  fileprivate mutating func add(_ shift: [Float]) {
    let area = count / max(1, shape[0] * shape[1])
    let channels = shape[1]
    withMutableElements(Float.self) { elements in
      for index in elements.indices { elements[index] += shift[index / area % channels] }
    }
  }
}
