import ModelGraph

/// Evaluation: running statistics, no dropout, float32 kernels.
extension TrainingNetwork {
  /// The logits `[n, classes]` for any number of pictures.
  public func logits(_ images: Tensor) throws -> Tensor {
    guard images.type == .float32, images.shape.rank == inputShape.rank else {
      throw GraphError(.badInput, "pictures of shape \(images.shape), must be \(inputShape)")
    }
    let total = images.shape[0]
    var result = try Tensor(zeros: [total, classes])
    let size = images.shape.extents[1...].reduce(1, *)
    var first = 0
    while first < total {
      let count = min(total - first, inputShape[0])
      var part = images
      if count < total {
        part = try Tensor(zeros: Shape([count] + Array(images.shape.extents[1...])))
        images.withElements(Float.self) { all in
          part.withMutableElements(Float.self) { part in
            for index in 0..<count * size { part[index] = all[first * size + index] }
          }
        }
      }
      let pass = try begin(part, isTraining: false)
      try forward(pass)
      let logits = pass.activation(plan.output)
      result.withMutableElements(Float.self) { result in
        for index in 0..<count * classes { result[first * classes + index] = logits[index] }
      }
      first += count
    }
    return result
  }
}
