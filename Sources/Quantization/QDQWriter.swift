import ModelGraph
import Text

/// The numbers that a plan needs to write the quantised graph.
struct QuantizationNumbers: Sendable {
  /// Scale and zero point of every quantised value.
  var grids: [Graph.ValueID: ActivationGrid] = [:]
  /// Quantised weights by node, for every product of the plan.
  var weights: [Int: QuantizedWeight] = [:]
  /// Float biases by node.
  var biases: [Int: [Float]] = [:]
}

/// Inserts QuantizeLinear and DequantizeLinear into a graph as a plan says.
struct QDQWriter {
  /// If true, weights and biases are float constants with the dequantised values, so that the graph runs in float with
  /// exactly the quantization errors. Otherwise they are int8 and int32 with DequantizeLinear, as in a file.
  let simulates: Bool
  private(set) var graph: Graph
  /// For each quantised value, the value that its readers read instead.
  private(set) var restored: [Graph.ValueID: Graph.ValueID] = [:]

  init(
    _ model: PreparedModel, _ plan: QuantizationPlan, _ numbers: QuantizationNumbers, simulates: Bool
  ) throws {
    self.simulates = simulates
    graph = model.graph
    graph.nodes = []
    let products = Set(plan.products)
    let values = Set(plan.values)
    var constants: [Graph.ValueID: (scale: Graph.ValueID, zero: Graph.ValueID)] = [:]
    for id in graph.inputs where values.contains(id) { try grid(id, plan, numbers, &constants) }
    for (index, original) in model.graph.nodes.enumerated() {
      var node = original
      node.inputs = original.inputs.map { $0.map { restored[$0] ?? $0 } }
      if products.contains(index) { try operands(&node, index, original, numbers, plan) }
      if plan.weightOnly.contains(index) { try weights(&node, index, original, numbers) }
      graph.nodes.append(node)
      for case let id? in original.outputs where values.contains(id) { try grid(id, plan, numbers, &constants) }
    }
  }

  private mutating func grid(
    _ id: Graph.ValueID, _ plan: QuantizationPlan, _ numbers: QuantizationNumbers,
    _ constants: inout [Graph.ValueID: (scale: Graph.ValueID, zero: Graph.ValueID)]
  ) throws {
    let owner = plan.tied[id] ?? id
    guard let grid = numbers.grids[owner] else { throw QuantizationError("a value has no scale and zero point") }
    let ownerName = graph.values[owner].name
    let shared: (scale: Graph.ValueID, zero: Graph.ValueID)
    if let known = constants[owner] {
      shared = known
    } else {
      shared = (
        graph.addFreshConstant("\(ownerName)_scale", try Tensor(scalar: grid.scale)),
        graph.addFreshConstant("\(ownerName)_zero_point", try Tensor(scalar: grid.zero))
      )
      constants[owner] = shared
    }
    let name = graph.values[id].name
    let integers = graph.addValue(graph.freshName("\(name)_quantized"))
    let real = graph.addValue(graph.freshName("\(name)_dequantized"))
    graph.nodes.append(
      Graph.Node(
        graph.values[integers].name, .quantizeLinear(QuantizeLinear()), inputs: [id, shared.scale, shared.zero],
        outputs: [integers]))
    graph.nodes.append(
      Graph.Node(
        graph.values[real].name, .dequantizeLinear(DequantizeLinear()), inputs: [integers, shared.scale, shared.zero],
        outputs: [real]))
    restored[id] = real
  }

  /// The int32 bias of each channel, in units of the input's scale times the weight's scale.
  private static func units(_ bias: [Float], _ xScale: Float, _ scales: [Float]) -> (numbers: [Int32], units: [Float]) {
    let units = scales.map { xScale * $0 }
    let numbers = zip(bias, units).map { bias, unit in
      Int32(
        saturating: max(-1_073_741_823, min(1_073_741_823, (Double(bias) / Double(unit)).rounded(.toNearestOrEven))))
    }
    return (numbers, units)
  }

  private mutating func operands(
    _ node: inout Graph.Node, _ index: Int, _ original: Graph.Node, _ numbers: QuantizationNumbers,
    _ plan: QuantizationPlan
  ) throws {
    guard let weight = numbers.weights[index], let bias = numbers.biases[index], let x = original[Conv.Input.x],
      let grid = numbers.grids[plan.tied[x] ?? x], let w = original[Conv.Input.w],
      let b = original[Conv.Input.b]
    else { throw QuantizationError("\(original.place.printable) has no quantised weights") }
    let (integers, units) = Self.units(bias, grid.scale, weight.scales)
    let (wName, bName) = (graph.values[w].name, graph.values[b].name)
    let channels = weight.scales.count
    node[Conv.Input.w] = try store(weight, wName)
    if simulates {
      let real = zip(integers, units).map { Float($0) * $1 }
      node[Conv.Input.b] = graph.addFreshConstant("\(bName)_real", try Tensor([channels], real))
      return
    }
    let bScale = graph.addFreshConstant("\(bName)_scale", try Tensor([channels], units))
    node[Conv.Input.b] = dequantized(
      bName, [graph.addFreshConstant("\(bName)_quantized", try Tensor([channels], integers)), bScale])
  }

  /// The weights of a product of floats.
  private mutating func weights(
    _ node: inout Graph.Node, _ index: Int, _ original: Graph.Node, _ numbers: QuantizationNumbers
  ) throws {
    guard let weight = numbers.weights[index], let w = original[Conv.Input.w] else {
      throw QuantizationError("\(original.place.printable) has no quantised weights")
    }
    node[Conv.Input.w] = try store(weight, graph.values[w].name)
  }

  private mutating func store(_ weight: QuantizedWeight, _ name: String) throws -> Graph.ValueID {
    if simulates { return graph.addFreshConstant("\(name)_real", try weight.real()) }
    let channels = weight.scales.count
    let scale = graph.addFreshConstant("\(name)_scale", try Tensor([channels], weight.scales))
    let zero = graph.addFreshConstant("\(name)_zero_point", try Tensor(zeros: [channels], type: .int8))
    return dequantized(name, [graph.addFreshConstant("\(name)_quantized", weight.integers), scale, zero])
  }

  private mutating func dequantized(_ name: String, _ inputs: [Graph.ValueID?]) -> Graph.ValueID {
    let real = graph.addValue(graph.freshName("\(name)_dequantized"))
    graph.nodes.append(
      Graph.Node(
        graph.values[real].name, .dequantizeLinear(DequantizeLinear(QuantizationGranularity(axis: 0))),
        inputs: inputs, outputs: [real]))
    return real
  }
}
