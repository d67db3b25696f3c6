import ModelGraph

extension TrainingNetwork {
  /// Which places of a picture raise a class's score.
  public struct ClassActivation: Sendable {
    public var rows: Int
    public var columns: Int
    /// `rows` × `columns` numbers from 0 to 1. The largest is 1, unless all are 0.
    public var values: [Float]
    /// Name of the activation in the graph.
    public var layer: String
    /// Whether it is the last activation with rows and columns.
    public var isLast: Bool
  }

  /// Grad-CAM: the sum of an activation's channels, each weighted by the mean gradient of the class's score; negative sums
  /// become 0. R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
  /// ICCV 2017.
  ///
  /// Uses running statistics and no dropout. Changes nothing in the network.
  ///
  /// - Parameters:
  ///   - images: `[n, channels, height, width]`, n at most the planned batch.
  ///   - classes: the class of interest of each picture.
  ///   - side: least rows and columns of the activation. Takes the last such activation at the end of a residual block, else
  ///     the last such activation, else the last one with rows and columns.
  /// - Returns: one for each picture; empty if no activation has rows and columns, or nothing before it learns.
  public func classActivations(
    _ images: Tensor, classes wanted: [Int], side: Int = 2
  ) throws -> [ClassActivation] {
    guard wanted.count == images.shape[0], wanted.allSatisfy({ $0 >= 0 && $0 < classes }) else {
      throw TrainingError.labels(given: wanted.count, pictures: images.shape[0])
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
    // A copy: the arena may reuse its memory before the backward pass.
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

  /// For each step, whether all later steps depend on earlier values only through its output. True at the end of a residual
  /// block; false inside, where the shortcut bypasses the step.
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
