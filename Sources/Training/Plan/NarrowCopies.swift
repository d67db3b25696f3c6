/// Which activations and gradients are kept in bfloat16 where convolutions multiply that: what a convolution reads again
/// for its weights' gradient, what a normalisation reads again, and the gradient between the two. It halves the memory of
/// a step and the way to it. Forward, everything else is handed on in float32.
enum NarrowCopies {
  static func plan(_ steps: [Step], output: Slot) {
    var makers: [ObjectIdentifier: Step] = [:]
    var readers: [ObjectIdentifier: [Step]] = [:]
    for step in steps {
      makers[ObjectIdentifier(step.output)] = step
      for case let slot? in step.operands.map({ $0?.slot }) {
        readers[ObjectIdentifier(slot), default: []].append(step)
      }
    }
    for step in steps {
      if step.readsNarrow { wantNarrow(step.input(), maker: makers[ObjectIdentifier(step.input())], or: step) }
      if step.readsOutputNarrow { wantNarrow(step.output, maker: step, or: step) }
    }
    for step in steps {
      let slot = step.output
      let readers = readers[ObjectIdentifier(slot)] ?? []
      slot.isReadAsFloat =
        slot === output
        || readers.contains { reader in
          reader.readsFloat || reader.operands.dropFirst().contains { $0?.slot === slot }
        }
      slot.gradientIsNarrow =
        slot !== output && step.takesNarrowGradient && readers.count == 1 && readers[0].narrows
        && readers[0].operands[0]?.slot === slot
    }
  }

  private static func wantNarrow(_ slot: Slot, maker: Step?, or reader: Step) {
    guard slot.narrow == nil else { return }
    slot.narrow = Region((slot.shape.count + 1) / 2)
    slot.narrowMaker = if let maker, maker.narrows { maker } else { reader }
  }
}
