import ModelGraph

/// A BatchNormalization in inference mode as an affine map: y = scale · x + shift per channel, in double precision.
struct BatchNormalizationScale {
  /// γ/√(σ² + ε)
  var scale: [Double]
  /// β − μ · γ/√(σ² + ε)
  var shift: [Double]

  /// nil unless node `index` is a float32 BatchNormalization with constant statistics and only its first output.
  init?(_ graph: Graph, _ index: Int) {
    guard graph.soleOutput(index) != nil else { return nil }
    self.init(graph.nodes[index]) { id in
      guard let tensor = graph.values[id].constant, tensor.type == .float32 else { return nil }
      return tensor.array()
    }
  }

  /// nil unless `node` is a BatchNormalization in inference mode whose parameters `numbers` knows.
  init?(_ node: Graph.Node, _ numbers: (Graph.ValueID) -> [Float]?) {
    typealias Input = BatchNormalization.Input
    func constant(_ input: OperatorInput) -> [Float]? { node[input].flatMap { numbers($0) } }
    guard case .batchNormalization(let definition) = node.operation, !definition.trainingMode,
      !definition.isPerElement, let gamma = constant(Input.scale), let beta = constant(Input.b),
      let mean = constant(Input.mean), let variance = constant(Input.variance)
    else { return nil }
    let channels = gamma.count
    guard channels > 0, beta.count == channels, mean.count == channels, variance.count == channels else { return nil }
    scale = []
    shift = []
    for channel in 0..<channels {
      let factor = Double(gamma[channel]) / (Double(variance[channel]) + Double(definition.epsilon)).squareRoot()
      scale.append(factor)
      shift.append(Double(beta[channel]) - Double(mean[channel]) * factor)
    }
    // A negative variance would turn valid weights into NaN: leave the node, so that its own check reports it.
    guard scale.allSatisfy({ $0.isFinite }), shift.allSatisfy({ $0.isFinite }) else { return nil }
  }

  var channels: Int { scale.count }
}

extension Tensor {
  /// Multiplies slice `k` along the first axis by `factors[k]`.
  func scaledRows(_ factors: [Double]) -> Tensor {
    guard type == .float32, shape.rank > 0, shape[0] == factors.count, !factors.isEmpty else { return self }
    var result = self
    let length = count / factors.count
    result.withMutableElements(Float.self) { values in
      for row in factors.indices {
        let factor = factors[row]
        for index in (row * length)..<((row + 1) * length) { values[index] = Float(Double(values[index]) * factor) }
      }
    }
    return result
  }

  /// Multiplies column `k` of a matrix by `factors[k]`.
  func scaledColumns(_ factors: [Double]) -> Tensor {
    guard type == .float32, shape.rank == 2, shape[1] == factors.count else { return self }
    var result = self
    let columns = factors.count
    result.withMutableElements(Float.self) { values in
      for row in 0..<shape[0] {
        for column in 0..<columns {
          values[row * columns + column] = Float(Double(values[row * columns + column]) * factors[column])
        }
      }
    }
    return result
  }
}
