import ModelGraph

/// Scale and zero point of a QuantizeLinear or DequantizeLinear with 8-bit integers: real = (q − zero) · scale.
struct QuantizationGrid {
  let type: ElementType
  let scale: Float
  let zero: Int
  let scaleID: Graph.ValueID
  /// nil if omitted, which means 0 (and uint8 for QuantizeLinear).
  let zeroID: Graph.ValueID?

  /// The scale and zero point of a whole tensor; nil if they are not known before running or vary along an axis.
  init?(_ graph: Graph, _ index: Int, type: ElementType) {
    // QuantizeLinear and DequantizeLinear have scale and zero point at the same positions.
    typealias Input = DequantizeLinear.Input
    guard type == .uint8 || type == .int8, let scaleID = graph.nodes[index][Input.scale],
      let scale = graph.constantInput(index, Input.scale), scale.type == .float32, scale.count == 1
    else { return nil }
    var zero = 0
    zeroID = graph.nodes[index][Input.zeroPoint]
    if zeroID != nil {
      guard let point = graph.constantInput(index, Input.zeroPoint)?.ints, point.count == 1 else { return nil }
      zero = point[0]
    }
    self.type = type
    self.scale = scale.array(of: Float.self)[0]
    self.zero = zero
    self.scaleID = scaleID
    guard self.scale > 0, self.scale.isFinite else { return nil }
  }

  var range: ClosedRange<Int> { type == .uint8 ? 0...255 : -128...127 }

  func equals(_ other: QuantizationGrid) -> Bool {
    type == other.type && scale == other.scale && zero == other.zero
  }

  /// The integer that represents a real bound (which is not NaN: see `bounds`).
  func integer(_ real: Float) -> Int {
    let quotient = (real / scale).rounded(.toNearestOrEven)
    let (low, high) = (Float(range.lowerBound - zero), Float(range.upperBound - zero))
    return Int(saturating: min(max(quotient, low), high)) + zero
  }
}

/// Constant 8-bit weights that a DequantizeLinear reads.
struct QuantizedWeights {
  let weights: Graph.ValueID
  let scale: Graph.ValueID
  let zero: Graph.ValueID?
  let type: ElementType
  let shape: Shape
  let scales: [Float]
  /// The axis of the scales; nil for a single scale.
  let axis: Int?

  init?(_ graph: Graph, _ id: Graph.ValueID?, _ uses: Uses) {
    guard let index = uses.producer(id), case .dequantizeLinear(let dequantize) = graph.nodes[index].operation,
      dequantize.isPlain, let weights = graph.nodes[index][DequantizeLinear.Input.x],
      let tensor = graph.values[weights].constant, tensor.type == .int8 || tensor.type == .uint8,
      let scale = graph.nodes[index][DequantizeLinear.Input.scale], let scales = graph.values[scale].constant,
      scales.type == .float32
    else { return nil }
    let zero = graph.nodes[index][DequantizeLinear.Input.zeroPoint]
    if let zero, graph.values[zero].constant == nil { return nil }
    let axis = dequantize.granularity.axis
    self.weights = weights
    self.scale = scale
    self.zero = zero
    self.type = tensor.type
    self.shape = tensor.shape
    self.scales = scales.array(of: Float.self)
    self.axis = self.scales.count == 1 ? nil : axis < 0 ? axis + tensor.shape.rank : axis
  }
}
