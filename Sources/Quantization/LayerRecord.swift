import ModelGraph

/// Quantization noise of one value and of the product that computes it.
public struct LayerRecord: Sendable {
  public let name: String
  /// The operator that produced the value; `input` for the picture.
  public let kind: String
  /// The quantised range and the step size.
  public let grid: ActivationGrid
  /// The value whose scale and zero point it shares.
  public let sharesGridOf: String?
  /// Signal-to-noise ratios in dB: of the product's weights; of rounding the float network's value alone; of the
  /// quantised network's value, which includes the errors of all earlier layers.
  public let weights: Double?
  public let rounding: Double
  public let whole: Double
}

/// Runs the float and the quantised network side by side and measures each layer.
struct LayerMeter {
  let model: PreparedModel
  let plan: QuantizationPlan
  let numbers: QuantizationNumbers
  let useful: [Graph.ValueID: ClosedRange<Float>]
  let threads: Int

  func measure(_ batches: [CalibrationBatch], _ progress: (Int, Int) -> Void) throws -> [LayerRecord] {
    let writer = try QDQWriter(model, plan, numbers, simulates: true)
    let made = plan.values.filter { !model.graph.inputs.contains($0) }
    let shapes = [model.inputShape]
    var float = try BatchRunner(model.graph, outputs: made, inputShapes: shapes, threads: threads)
    var quantised = try BatchRunner(
      writer.graph, outputs: plan.values.compactMap { writer.restored[$0] }, inputShapes: shapes, threads: threads)
    var rounding = plan.values.map { _ in NoiseMeter() }
    var whole = rounding
    for (number, batch) in batches.enumerated() {
      var meant: [Graph.ValueID: Tensor] = [:]
      for (id, tensor) in zip(made, try float.run([batch.images])) { meant[id] = tensor }
      for id in model.graph.inputs { meant[id] = batch.images }
      let found = try quantised.run([batch.images])
      for (index, id) in plan.values.enumerated() {
        guard let tensor = meant[id], let grid = numbers.grids[plan.tied[id] ?? id] else { continue }
        // What lies beyond the useful range changes nothing, so it is no noise.
        let (low, high) = useful[id].map { ($0.lowerBound, $0.upperBound) } ?? (-.infinity, .infinity)
        tensor.withPictures(of: batch) { meant in
          found[index].withPictures(of: batch) { found in
            for element in meant.indices {
              let real = max(low, min(high, meant[element]))
              rounding[index].add(real, grid.nearest(real))
              whole[index].add(real, found[element])
            }
          }
        }
      }
      progress(number + 1, batches.count)
    }
    return records(rounding.map { $0.decibels }, whole.map { $0.decibels })
  }

  private func records(_ rounding: [Double], _ whole: [Double]) -> [LayerRecord] {
    let producers = model.graph.producers()
    var records: [LayerRecord] = []
    var names: [Graph.ValueID: String] = [:]
    for (index, id) in plan.values.enumerated() {
      guard let grid = numbers.grids[plan.tied[id] ?? id] else { continue }
      var (kind, name, weights) = ("input", model.graph.values[id].name, Double?.none)
      if var maker = producers[id] {
        kind = model.graph.nodes[maker].operation.name
        name = model.graph.nodes[maker].name
        // A Relu or Clip belongs to the operator whose output it bounds.
        if QuantizationPlan.isBound(model.graph, maker), let x = model.graph.nodes[maker].firstInput,
          !plan.values.contains(x), let earlier = producers[x]
        {
          kind = "\(model.graph.nodes[earlier].operation.name)+\(kind)"
          maker = earlier
          name = model.graph.nodes[maker].name
        }
        weights = numbers.weights[maker]?.decibels
      }
      names[id] = name
      records.append(
        LayerRecord(
          name: name, kind: kind, grid: grid, sharesGridOf: plan.tied[id].flatMap { names[$0] },
          weights: weights, rounding: rounding[index], whole: whole[index]))
    }
    return records
  }
}
