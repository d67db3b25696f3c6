import ModelGraph

extension BatchNormalization: Differentiable {
  /// With batch statistics: dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)), since mean and variance follow x too.
  /// With given ones: dx = γ/σ · dy. Either way dγ = Σ dy · x̂ and dβ = Σ dy.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    guard !isPerElement else {
      throw GraphError(.badAttribute, "BatchNormalization: spatial is 0, which cannot be trained")
    }
    let x = Values(try inputs.required(Input.x))
    let scale = Values(try inputs.required(Input.scale))
    let mean = Values(try inputs.required(Input.mean))
    let variance = Values(try inputs.required(Input.variance))
    let channels = scale.elements.count
    let pixels = x.shape.rank > 2 ? x.shape.extents[2...].reduce(1, *) : 1
    var (dx, dScale, dBias) = (Values(zeros: x.shape), Values(zeros: scale.shape), Values(zeros: scale.shape))
    for channel in 0..<channels {
      var indices: [Int] = []
      for sample in 0..<x.elements.count / max(channels * pixels, 1) {
        let start = (sample * channels + channel) * pixels
        indices += start..<start + pixels
      }
      let count = Double(indices.count)
      var (center, spread) = (mean[channel], variance[channel])
      if trainingMode {
        center = indices.reduce(0) { $0 + x[$1] } / count
        spread = indices.reduce(0) { $0 + (x[$1] - center) * (x[$1] - center) } / count
      }
      let inverse = 1 / (spread + Double(epsilon)).squareRoot()
      let normalized = indices.map { (x[$0] - center) * inverse }
      dBias[channel] = indices.reduce(0) { $0 + slope[$1] }
      dScale[channel] = zip(indices, normalized).reduce(0) { $0 + slope[$1.0] * $1.1 }
      for (index, value) in zip(indices, normalized) {
        let away = trainingMode ? (dBias[channel] + value * dScale[channel]) / count : 0
        dx[index] = scale[channel] * inverse * (slope[index] - away)
      }
    }
    return [dx, dScale, dBias, nil, nil]
  }
}
