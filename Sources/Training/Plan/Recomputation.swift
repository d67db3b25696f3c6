/// Large activations that the backward pass recomputes instead of keeping: outputs of a normalisation that a convolution
/// reads. The normalisation's own input is kept anyway. This costs one more pass over memory and changes no result. Chen et
/// al., "Training Deep Nets with Sublinear Memory Cost" (2016).
public enum Recomputation {
  /// Activations of fewer floats than this are kept.
  public static let leastCount = 1 << 21

  /// Must follow the planning of gradients: it depends on which gradients are computed.
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
