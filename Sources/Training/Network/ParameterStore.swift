import ModelGraph
import Platform
import TrainingKernels

/// The weights of a network and the moments of its optimiser, in the layouts of the training kernels.
final class ParameterStore {
  let parameters: [Parameter]
  /// Weights of all parameters; those that learn lie first.
  let weights: FloatBlock
  /// Of the parameters that learn. Empty before the first step.
  private(set) var moments: [FloatBlock] = []
  /// Number of steps that went into the moments.
  private(set) var momentSteps = 0
  private let learningCount: Int

  init(_ plan: TrainingPlan) throws(TrainingError) {
    parameters = plan.parameters
    learningCount = plan.learningCount
    weights = try FloatBlock(plan.weightCount)
  }

  var byteCount: Int { (weights.count + learningCount * moments.count) * MemoryLayout<Float>.stride }

  func prepareMoments(_ optimizer: Optimizer) throws(TrainingError) {
    while moments.count < optimizer.momentCount { moments.append(try FloatBlock(learningCount)) }
  }

  /// To be called after each step.
  func countStep() { momentSteps += 1 }

  /// Updates a parameter's weights and moments. Returns its largest gradient.
  func update(
    _ parameter: Parameter, _ gradient: UnsafeMutablePointer<Float>, _ update: ParameterUpdate,
    kernels: train_kernels, team: ThreadTeam
  ) -> Float {
    let weights = weights.base + parameter.offset
    let moments = moments.map { $0.base + parameter.offset }
    let (count, decays) = (parameter.count, parameter.decays)
    // Few enough that the gradient is still in the cache when the update reads it again.
    let most = 4096
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: team.threads) { largest in
      largest.initialize(repeating: 0)
      let sizes = largest.baseAddress
      team.run { thread, threads in
        let range = ThreadTeam.range(of: count, thread, threads)
        for first in stride(from: range.lowerBound, to: range.upperBound, by: most) {
          let count = min(most, range.upperBound - first)
          let size = kernels.largest(gradient + first, count).bitPattern
          if let sizes { sizes[Int(thread)] = max(sizes[Int(thread)], size) }
          update.apply(
            weights: weights + first, gradient: gradient + first, moments: moments.map { $0 + first }, count: count,
            decays: decays, kernels: kernels)
        }
      }
      return Float(bitPattern: largest.max() ?? 0)
    }
  }

  /// A parameter's weights and, if it learns, its moments, in ONNX's order.
  func tensors(_ parameter: Parameter) throws(GraphError) -> [Tensor] {
    var tensors: [Tensor] = []
    for block in parameter.learns ? [weights] + moments : [weights] {
      tensors.append(try parameter.tensor(block.base + parameter.offset))
    }
    return tensors
  }

  func setWeights(_ tensor: Tensor, of parameter: Parameter) { write(tensor, of: parameter, to: weights) }

  /// Replaces all weights and moments. For each parameter, `tensors` holds its weights and, if it learns, its moments.
  func replace(_ tensors: [[Tensor]], momentCount: Int, momentSteps: Int) throws(TrainingError) {
    var blocks: [FloatBlock] = []
    for _ in 0..<momentCount { blocks.append(try FloatBlock(learningCount)) }
    for (parameter, saved) in zip(parameters, tensors) {
      for (block, tensor) in zip([weights] + blocks, saved) { write(tensor, of: parameter, to: block) }
    }
    moments = blocks
    self.momentSteps = momentSteps
  }

  private func write(_ tensor: Tensor, of parameter: Parameter, to block: FloatBlock) {
    tensor.withElements(Float.self) { elements in
      if let base = elements.baseAddress { parameter.pack(base, into: block.base + parameter.offset) }
    }
  }
}
