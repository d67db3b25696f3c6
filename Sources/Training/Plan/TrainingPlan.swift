import Kernels
import ModelGraph
import TrainingKernels

/// All decisions made before the first training step: the steps, where each value lies in memory, and when each parameter
/// is updated.
final class TrainingPlan {
  let steps: [Step]
  let parameters: [Parameter]
  let input: Slot
  let output: Slot
  let arena: StepMemory
  /// For each step, the parameters whose gradients are complete after its backward pass.
  let updates: [[Parameter]]
  /// Floats of all parameters, and of those that learn. Those that learn lie first.
  let weightCount: Int
  let learningCount: Int

  /// - Parameter other: facts of the graph's values for another number of pictures.
  init(
    _ graph: Graph, other: [Fact?], inputShape: Shape, freezing: Freezing = .none, threads: Int, kernels: KernelTables,
    recomputed: Int = Recomputation.leastCount
  ) throws {
    guard graph.inputs.count == 1, let inputID = graph.inputs.first, let outputID = graph.outputs.first else {
      throw GraphError(.badInput, "training takes a graph with one input and one output, the logits")
    }
    var builder = try StepBuilder(
      graph, other: other, inputShape: inputShape, freezing: freezing, threads: threads, kernels: kernels)
    (input, output) = try builder.build(input: inputID, output: outputID)
    steps = builder.steps
    parameters = builder.operands.parameters
    guard !parameters.isEmpty else { throw GraphError(.badInput, "the graph has no weights to train") }
    guard output.isBatched, output.shape.rank == 2 || output.pixels == 1 else {
      throw GraphError(.badInput, "output '\(output.name)' is \(output.shape), must be [pictures, classes]")
    }
    var end = 0
    func place(_ list: [Parameter]) -> Int {
      for parameter in list {
        parameter.offset = end
        end += (parameter.count + 15) / 16 * 16
      }
      return end
    }
    learningCount = place(parameters.filter { $0.learns })
    weightCount = place(parameters.filter { !$0.learns })
    NarrowCopies.plan(steps, output: output)
    updates = TrainingPlan.planGradients(steps)
    Recomputation.plan(steps, leastCount: recomputed)
    guard output.learns else { throw GraphError(.badInput, "no weight leads to output '\(output.name)'") }
    arena = try StepMemory(TrainingPlan.regions(steps, input: input, output: output))
  }

  /// Decides for each gradient which step writes it and which steps add to it, in the order of the backward pass.
  private static func planGradients(_ steps: [Step]) -> [[Parameter]] {
    for step in steps.reversed() where step.output.learns {
      if step.output.gradient == nil { step.output.gradient = Region(step.output.shape.count) }
      for (index, operand) in step.operands.enumerated() {
        guard let slot = operand?.slot, slot.learns else { continue }
        if slot.gradient != nil {
          step.modes[index] = .accumulate
        } else if index == step.passesThrough, slot.shape.count == step.output.shape.count,
          slot.gradientIsNarrow == step.output.gradientIsNarrow
        {
          slot.gradient = step.output.gradient
          step.modes[index] = .inPlace
        } else {
          slot.gradient = Region(slot.gradientCount)
          step.modes[index] = .write
        }
      }
    }
    var seen: Set<ObjectIdentifier> = []
    var last: [ObjectIdentifier: Int] = [:]
    for (index, step) in steps.enumerated().reversed() {
      for (position, operand) in step.operands.enumerated() {
        guard let parameter = operand?.parameter, parameter.learns else { continue }
        step.modes[position] = seen.insert(ObjectIdentifier(parameter)).inserted ? .write : .accumulate
        last[ObjectIdentifier(parameter)] = index
      }
    }
    return steps.enumerated().map { index, step in
      var complete: [Parameter] = []
      for case let parameter? in step.operands.map({ $0?.parameter })
      where last[ObjectIdentifier(parameter)] == index && !complete.contains(where: { $0 === parameter }) {
        complete.append(parameter)
      }
      return complete
    }
  }

  /// All regions of the arena, each with its live range.
  private static func regions(_ steps: [Step], input: Slot, output: Slot) -> [Region] {
    var regions: [Region] = []
    var known: Set<ObjectIdentifier> = []
    func need(_ region: Region?, _ moment: Int) {
      guard let region else { return }
      region.needed(at: moment)
      if known.insert(ObjectIdentifier(region)).inserted { regions.append(region) }
    }
    for step in steps where step.isView {
      if let x = step.operands[0]?.slot { step.output.activation = x.activation }
    }
    need(input.activation, 0)
    for (index, step) in steps.enumerated() {
      let (forward, backward) = (index, 2 * steps.count - index)
      for case let slot? in step.operands.map({ $0?.slot }) { need(slot.activation, forward) }
      need(step.output.activation, forward)
      if step.output.narrowMaker === step { need(step.output.narrow, forward) }
      let bfloat16 = step.operandsInBfloat16
      if bfloat16?.readsInput ?? false { need(step.input().narrow, forward) }
      for index in bfloat16?.otherInputs ?? [] where index < step.operands.count {
        need(step.operands[index]?.slot?.narrow, forward)
      }
      need(step.saved, forward)
      need(step.forwardScratch, forward)
      guard step.output.learns else { continue }
      for slot in step.readsBackward {
        if slot.isReproduced { slot.activation.needed(againAt: backward) } else { need(slot.activation, backward) }
      }
      need(step.output.gradient, backward)
      if bfloat16?.readsInput ?? false { need(step.input().narrow, backward) }
      if bfloat16?.readsOutput ?? false { need(step.output.narrow, backward) }
      need(step.saved, backward)
      need(step.backwardScratch, backward)
      for case let operand? in step.operands {
        if let slot = operand.slot, slot.learns { need(slot.gradient, backward) }
        if let parameter = operand.parameter, parameter.learns { need(parameter.gradient, backward) }
      }
    }
    need(output.activation, steps.count)
    need(output.gradient, steps.count)
    return regions
  }
}
