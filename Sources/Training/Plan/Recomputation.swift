/// Large activations that are made again in the backward pass instead of kept for it: what a convolution reads of a
/// normalisation, whose own input is kept anyway. It takes one more pass over memory, and numbers come out the same.
///
/// Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).
public enum Recomputation {
  /// Activations of fewer floats than this are kept.
  public static let leastCount = 1 << 21

  /// Wants to know which gradients are asked for.
  static func plan(_ steps: [Step], leastCount: Int) {
    let readers = steps.readers
    for case let step as NormalizationStep in steps {
      let slot = step.output
      guard step.canReproduce, slot.learns, slot.shape.count >= leastCount,
        let readers = readers[ObjectIdentifier(slot)], readers.count == 1,
        let reader = readers[0].step as? ConvolutionStep, reader.readsBackward.contains(where: { $0 === slot })
      else { continue }
      slot.isReproduced = true
      reader.inputMaker = step
    }
  }
}
