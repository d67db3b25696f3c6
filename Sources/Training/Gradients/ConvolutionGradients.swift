import ModelGraph

extension Conv: Differentiable {
  /// y = Σ w · x, so dx takes w · dy and dw takes x · dy at every place where they met; db takes all of dy.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (x, w) = (Values(try inputs.required(Input.x)), Values(try inputs.required(Input.w)))
    let geometry = try geometry(x: x.shape, w: w.shape)
    let plane = geometry.plane
    var (dx, dw) = (Values(zeros: x.shape), Values(zeros: w.shape))
    var db = Values(zeros: [geometry.filters])
    for sample in 0..<geometry.batch {
      for filter in 0..<geometry.filters {
        let firstChannel = sample * geometry.channels + filter / geometry.groupFilters * geometry.groupChannels
        for position in 0..<plane.outputCount {
          let dy = slope[(sample * geometry.filters + filter) * plane.outputCount + position]
          db[filter] += dy
          plane.forEachTap(at: position) { tap, pixel in
            for channel in 0..<geometry.groupChannels {
              let from = (firstChannel + channel) * plane.inputCount + pixel
              let weight = (filter * geometry.groupChannels + channel) * plane.taps + tap
              dx[from] += w[weight] * dy
              dw[weight] += x[from] * dy
            }
          }
        }
      }
    }
    return [dx, dw, db]
  }
}

extension ConvTranspose: Differentiable {
  /// The rule of Conv with x and y exchanged.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (x, w) = (Values(try inputs.required(Input.x)), Values(try inputs.required(Input.w)))
    let geometry = try geometry(x: x.shape, w: w.shape)
    let plane = geometry.plane
    var (dx, dw) = (Values(zeros: x.shape), Values(zeros: w.shape))
    for sample in 0..<geometry.batch {
      for channel in 0..<geometry.channels {
        let firstFilter = sample * geometry.filters + channel / geometry.groupChannels * geometry.groupFilters
        for position in 0..<plane.outputCount {
          let from = (sample * geometry.channels + channel) * plane.outputCount + position
          plane.forEachTap(at: position) { tap, pixel in
            for filter in 0..<geometry.groupFilters {
              let dy = slope[(firstFilter + filter) * plane.inputCount + pixel]
              let weight = (channel * geometry.groupFilters + filter) * plane.taps + tap
              dx[from] += w[weight] * dy
              dw[weight] += x[from] * dy
            }
          }
        }
      }
    }
    var db = Values(zeros: [geometry.filters])
    for (index, dy) in slope.elements.enumerated() { db[index / plane.inputCount % geometry.filters] += dy }
    return [dx, dw, inputs[Input.b] == nil ? nil : db]
  }
}

extension WindowPlane {
  /// Calls `body` with each tap of the window of an output position that lies inside the input, and the pixel there.
  fileprivate func forEachTap(at position: Int, _ body: (_ tap: Int, _ pixel: Int) -> Void) {
    let (line, x) = (position / width.output, position % width.output)
    let (z, y) = (line / height.output, line % height.output)
    for tapZ in depth.taps(at: z) {
      let slice = depth.start(z) + tapZ * depth.dilation
      for tapY in height.taps(at: y) {
        let row = slice * height.input + height.start(y) + tapY * height.dilation
        for tapX in width.taps(at: x) {
          body(
            (tapZ * height.kernel + tapY) * width.kernel + tapX,
            row * width.input + width.start(x) + tapX * width.dilation)
        }
      }
    }
  }
}
