import ModelGraph

extension TrainingNetwork {
  /// Where in a picture a class's score comes from.
  public struct ClassActivation: Sendable {
    public var rows: Int
    public var columns: Int
    /// `rows` × `columns`, at least 0; the largest is 1 unless all are 0.
    public var values: [Float]
    /// The value of the graph that it was taken at.
    public var layer: String
    /// Whether no later activation is a picture.
    public var isLast: Bool
  }

  /// Grad-CAM: the last convolutional activation's channels, weighted by how the class's score grows with each (its mean
  /// gradient over the picture), summed, and what speaks against the class left out. R. R. Selvaraju et al., "Grad-CAM:
  /// Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
  ///
  /// In evaluation mode: running statistics, no dropout. Nothing learns.
  ///
  /// - Parameters:
  ///   - images: `[n, channels, height, width]`, n at most the planned batch.
  ///   - classes: of each picture, whose score.
  ///   - side: the fewest rows and columns an activation must have to be taken; the last one where none has. Within a
  ///     residual block none is taken unless there is no other.
  /// - Returns: one for each picture; empty where no activation is a picture, or nothing before it learns.
  public func classActivations(
    _ images: Tensor, classes wanted: [Int], side: Int = 2
  ) throws(GraphError) -> [ClassActivation] {
    guard wanted.count == images.shape[0], wanted.allSatisfy({ $0 >= 0 && $0 < classes }) else {
      throw GraphError(.badInput, "\(wanted.count) classes for \(images.shape[0]) pictures")
    }
    func isPicture(_ step: Step, _ side: Int) -> Bool {
      let (slot, shape) = (step.output, step.output.shape)
      return slot.learns && shape.rank == 4 && shape[2] >= side && shape[3] >= side
    }
    guard let last = plan.steps.lastIndex(where: { isPicture($0, 2) }) else { return [] }
    let passages = passages
    let found =
      plan.steps.indices.last { isPicture(plan.steps[$0], side) && passages[$0] }
      ?? plan.steps.lastIndex { isPicture($0, side) } ?? last
    let slot = plan.steps[found].output

    let pass = try begin(images, isTraining: false)
    // Its memory may be another's before the gradient comes back.
    var activation: [Float] = []
    for (index, step) in plan.steps.enumerated() {
      try step.forward(pass)
      if index == found {
        activation = Array(UnsafeBufferPointer(start: pass.activation(slot), count: slot.count(images: pass.images)))
      }
    }
    let scores = pass.gradient(plan.output)
    scores.update(repeating: 0, count: wanted.count * classes)
    for (row, label) in wanted.enumerated() { scores[row * classes + label] = 1 }
    for step in plan.steps[(found + 1)...].reversed() where step.output.learns { try step.backward(pass) }

    let gradient = floats(pass, slot)
    let (channels, pixels) = (slot.channels, slot.pixels)
    return wanted.indices.map { image in
      let first = image * pixels * channels
      var weights = [Float](repeating: 0, count: channels)
      for pixel in 0..<pixels {
        for channel in 0..<channels { weights[channel] += gradient[first + pixel * channels + channel] / Float(pixels) }
      }
      var values = (0..<pixels).map { pixel in
        var sum: Float = 0
        for channel in 0..<channels { sum += weights[channel] * activation[first + pixel * channels + channel] }
        return sum.isFinite ? max(sum, 0) : 0
      }
      if let most = values.max(), most > 0 { values = values.map { $0 / most } }
      return ClassActivation(
        rows: slot.shape[2], columns: slot.shape[3], values: values, layer: slot.name, isLast: found == last)
    }
  }

  private func floats(_ pass: Pass, _ slot: Slot) -> [Float] {
    let count = slot.count(images: pass.images)
    guard slot.gradientIsNarrow else { return Array(UnsafeBufferPointer(start: pass.gradient(slot), count: count)) }
    let narrow = pass.rawGradient(slot).assumingMemoryBound(to: UInt16.self)
    return (0..<count).map { Float(bitPattern: UInt32(narrow[$0]) << 16) }
  }

  /// Of each step, whether everything later depends on earlier values through its output alone: true of a residual
  /// block's end, false within it, where the way around it would be left out.
  private var passages: [Bool] {
    var makers: [ObjectIdentifier: Int] = [:]
    var furthest = [Int](repeating: 0, count: plan.steps.count)
    for (index, step) in plan.steps.enumerated() {
      for case let slot? in step.operands.map({ $0?.slot }) {
        if let maker = makers[ObjectIdentifier(slot)] { furthest[maker] = index }
      }
      makers[ObjectIdentifier(step.output)] = index
    }
    var reach = 0
    return furthest.indices.map { index in
      defer { reach = max(reach, furthest[index]) }
      return reach <= index
    }
  }
}
