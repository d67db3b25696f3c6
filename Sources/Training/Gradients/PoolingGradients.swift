import ModelGraph

extension MaxPool: Differentiable {
  /// The slope goes to the element that was taken: the first of equals.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let plane = try window.plane(over: x.shape, kernel: window.kernel, of: Self.name)
    var dx = Values(zeros: x.shape)
    for channel in 0..<x.shape[0] * x.shape[1] {
      plane.forEachWindow { position, cells in
        var best: Int?
        cells.forEach { cell in
          let index = channel * plane.inputCount + cell
          if best.map({ x[index] > x[$0] }) ?? true { best = index }
        }
        if let best { dx[best] += slope[channel * plane.outputCount + position] }
      }
    }
    return [dx]
  }
}

extension AveragePool: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let shape = try inputs.required(Input.x).shape
    let plane = try window.plane(over: shape, kernel: window.kernel, of: Self.name)
    var dx = Values(zeros: shape)
    for channel in 0..<shape[0] * shape[1] {
      plane.forEachWindow { position, cells in
        let count = countsPadding ? cells.countWithPadding : cells.count
        let share = slope[channel * plane.outputCount + position] / Double(count)
        cells.forEach { dx[channel * plane.inputCount + $0] += share }
      }
    }
    return [dx]
  }
}

extension GlobalAveragePool: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let shape = try inputs.required(Input.x).shape
    let pixels = shape.count / max(slope.elements.count, 1)
    return [Values(shape, slope.elements.flatMap { [Double](repeating: $0 / Double(pixels), count: pixels) })]
  }
}

extension GlobalMaxPool: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let pixels = x.elements.count / max(slope.elements.count, 1)
    var dx = Values(zeros: x.shape)
    for channel in slope.elements.indices {
      var best = channel * pixels
      for index in best..<best + pixels where x[index] > x[best] { best = index }
      dx[best] = slope[channel]
    }
    return [dx]
  }
}
