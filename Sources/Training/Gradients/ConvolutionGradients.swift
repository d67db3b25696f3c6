import ModelGraph

extension Conv: Differentiable {
  /// y = Σ w · x, so dx takes w · dy and dw takes x · dy at every place where they met; db takes all of dy.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (x, w) = (Values(try inputs.required(Input.x)), Values(try inputs.required(Input.w)))
    let geometry = try geometry(x: x.shape, w: w.shape)
    let plane = geometry.plane
    let taps = plane.height.kernel * plane.width.kernel
    var (dx, dw) = (Values(zeros: x.shape), Values(zeros: w.shape))
    var db = Values(zeros: [geometry.filters])
    for sample in 0..<geometry.batch {
      for filter in 0..<geometry.filters {
        let firstChannel = sample * geometry.channels + filter / geometry.groupFilters * geometry.groupChannels
        for y in 0..<plane.height.output {
          for column in 0..<plane.width.output {
            let position = y * plane.width.output + column
            let dy = slope[(sample * geometry.filters + filter) * plane.outputCount + position]
            db[filter] += dy
            for tapY in plane.height.taps(at: y) {
              let row = plane.height.start(y) + tapY * plane.height.dilation
              for tapX in plane.width.taps(at: column) {
                let pixel = row * plane.width.input + plane.width.start(column) + tapX * plane.width.dilation
                for channel in 0..<geometry.groupChannels {
                  let from = (firstChannel + channel) * plane.inputCount + pixel
                  let weight = (filter * geometry.groupChannels + channel) * taps + tapY * plane.width.kernel + tapX
                  dx[from] += w[weight] * dy
                  dw[weight] += x[from] * dy
                }
              }
            }
          }
        }
      }
    }
    return [dx, dw, db]
  }
}
