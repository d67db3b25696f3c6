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

extension LayerNormalization: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let scale = Values(try inputs.required(Input.scale))
    var rows = RowGradients(rows: x.shape.rows(try x.shape.axis(axis, of: Self.name)), epsilon: epsilon)
    let scales = scale.shape.spread(over: x.shape)
    rows.flow(x, scale, scaleOf: { scales[$0] }, slope)
    guard let bias = inputs[Input.b] else { return [rows.x, rows.scale] }
    var db = Values(zeros: bias.shape)
    for (index, place) in bias.shape.spread(over: x.shape).enumerated() { db[place] += slope[index] }
    return [rows.x, rows.scale, db]
  }
}

extension RMSNormalization: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let scale = Values(try inputs.required(Input.scale))
    var rows = RowGradients(
      rows: x.shape.rows(try x.shape.axis(axis, of: Self.name)), epsilon: epsilon, keepsMean: true)
    let scales = scale.shape.spread(over: x.shape)
    rows.flow(x, scale, scaleOf: { scales[$0] }, slope)
    return [rows.x, rows.scale]
  }
}

extension InstanceNormalization: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let scale = Values(try inputs.required(Input.scale))
    return RowGradients.ofVectors(x, scale, rows: x.shape.rows(2), epsilon: epsilon, slope)
  }
}

extension GroupNormalization: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let scale = Values(try inputs.required(Input.scale))
    return RowGradients.ofVectors(x, scale, rows: x.shape[0] * groups, epsilon: epsilon, slope)
  }
}

extension MeanVarianceNormalization: Differentiable {
  /// y = d / (σ + 1e-9) with d = x − mean(x), so dx follows from dy − mean(dy) and from σ, which d makes up.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    var reduced = [Bool](repeating: axes.isEmpty, count: x.shape.rank)
    for axis in axes { reduced[try x.shape.axis(axis, of: Self.name)] = true }
    let kept = Shape(zip(x.shape.extents, reduced).map { $1 ? 1 : $0 })
    var members = [[Int]](repeating: [], count: kept.count)
    for (index, place) in kept.spread(over: x.shape).enumerated() { members[place].append(index) }
    var dx = Values(zeros: x.shape)
    for indices in members {
      let count = Double(indices.count)
      let center = indices.reduce(0) { $0 + x[$1] } / count
      let deviation = (indices.reduce(0) { $0 + (x[$1] - center) * (x[$1] - center) } / count).squareRoot()
      let divisor = deviation + 1e-9
      let mean = indices.reduce(0) { $0 + slope[$1] } / count
      let along = indices.reduce(0) { $0 + slope[$1] * (x[$1] - center) } / count
      let pull = deviation == 0 ? 0 : along / (deviation * divisor * divisor)
      for index in indices { dx[index] = (slope[index] - mean) / divisor - (x[index] - center) * pull }
    }
    return [dx]
  }
}

extension LpNormalization: Differentiable {
  /// dx = (dy − y' · Σ dy · y) / norm, where y' is y itself (p = 2) or its sign (p = 1). A vector of norm 0 gets 0.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let isLength = p == 2
    return [
      try SoftmaxAxis(axis).lines(slope, of: Self.name) { indices in
        let sum = indices.reduce(0) { $0 + (isLength ? x[$1] * x[$1] : x[$1].magnitude) }
        let norm = isLength ? sum.squareRoot() : sum
        guard norm > 0 else { return indices.map { _ in 0 } }
        let along = indices.reduce(0) { $0 + slope[$1] * x[$1] } / norm
        return indices.map { (slope[$0] - (isLength ? x[$0] / norm : x[$0].direction) * along) / norm }
      }
    ]
  }
}

/// Gradients of y = scale · (x − mean) / σ, where mean and σ are those of the row that an element is in.
private struct RowGradients {
  let rows: Int
  let epsilon: Float
  /// y = scale · x / √(mean of x² + epsilon) instead.
  var keepsMean = false
  private(set) var x = Values(zeros: [0])
  private(set) var scale = Values(zeros: [0])

  init(rows: Int, epsilon: Float, keepsMean: Bool = false) {
    self.rows = rows
    self.epsilon = epsilon
    self.keepsMean = keepsMean
  }

  /// dx = (g − mean(g) − x̂ · mean(g · x̂)) / σ with g = scale · dy, since mean and σ follow x too; dscale = Σ dy · x̂.
  ///
  /// - Parameter scaleOf: by which element of `scale` an element of x was multiplied.
  mutating func flow(_ x: Values, _ scale: Values, scaleOf: (Int) -> Int, _ slope: Values) {
    self.x = Values(zeros: x.shape)
    self.scale = Values(zeros: scale.shape)
    let length = x.elements.count / max(rows, 1)
    for row in 0..<rows {
      let range = row * length..<(row + 1) * length
      let count = Double(length)
      let center = keepsMean ? 0 : range.reduce(0) { $0 + x[$1] } / count
      let variance = range.reduce(0) { $0 + (x[$1] - center) * (x[$1] - center) } / count
      let factor = 1 / (variance + Double(epsilon)).squareRoot()
      let normalized = range.map { (x[$0] - center) * factor }
      let slopes = range.map { slope[$0] * scale[scaleOf($0)] }
      let mean = keepsMean ? 0 : slopes.reduce(0, +) / count
      let along = zip(slopes, normalized).reduce(0) { $0 + $1.0 * $1.1 } / count
      for (offset, index) in range.enumerated() {
        self.x[index] = (slopes[offset] - mean - normalized[offset] * along) * factor
        self.scale[scaleOf(index)] += slope[index] * normalized[offset]
      }
    }
  }

  /// The gradients by x, scale and bias, where scale and bias are vectors along axis 1, or along groups of it.
  static func ofVectors(_ x: Values, _ scale: Values, rows: Int, epsilon: Float, _ slope: Values) -> [Values?] {
    let pieces = scale.elements.count
    let length = max(x.elements.count / max(x.shape[0] * pieces, 1), 1)
    var gradients = RowGradients(rows: rows, epsilon: epsilon)
    gradients.flow(x, scale, scaleOf: { $0 / length % pieces }, slope)
    var db = Values(zeros: scale.shape)
    for (index, dy) in slope.elements.enumerated() { db[index / length % pieces] += dy }
    return [gradients.x, gradients.scale, db]
  }
}

extension Shape {
  /// The number of rows that the axes from `axis` on make up.
  fileprivate func rows(_ axis: Int) -> Int { extents[..<axis].reduce(1, *) }
}
