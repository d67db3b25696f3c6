/// Which activations and gradients are bfloat16 where convolutions multiply that: what convolutions and normalisations
/// read, what they write, and the gradients between them. It halves the memory of a step and the way to it.
///
/// In evaluation activations are float32, and the copies are made for the backward pass of class activations alone.
enum NarrowCopies {
  static func plan(_ steps: [Step], output: Slot) {
    let readers = steps.readers
    var makers: [ObjectIdentifier: Step] = [:]
    for step in steps { makers[ObjectIdentifier(step.output)] = step }
    for step in steps {
      if step.readsNarrow { wantNarrow(step.input(), maker: makers[ObjectIdentifier(step.input())], or: step) }
      if step.readsOutputNarrow { wantNarrow(step.output, maker: step, or: step) }
    }
    for step in steps where step.narrows && step.output !== output {
      let readers = readers[ObjectIdentifier(step.output)] ?? []
      if !readers.isEmpty, readers.allSatisfy({ $0.step.readsNarrowIfAlone($0.operand) }) {
        wantNarrow(step.output, maker: step, or: step)
      }
    }
    for step in steps {
      let slot = step.output
      let readers = readers[ObjectIdentifier(slot)] ?? []
      slot.isReadAsFloat =
        slot === output
        || readers.contains { reader, index in
          index == 0 ? reader.readsFloat : slot.narrow == nil || !reader.readsNarrowIfAlone(index)
        }
      slot.gradientIsNarrow =
        slot !== output && step.takesNarrowGradient && !readers.isEmpty
        && readers.enumerated().allSatisfy { place, reader in
          switch reader.step.givesNarrowGradient(reader.operand) {
          case .never: false
          case .alone: readers.count == 1
          // The last to read is the first to go backward.
          case .first: place == readers.count - 1
          case .always: true
          }
        }
    }
  }

  private static func wantNarrow(_ slot: Slot, maker: Step?, or reader: Step) {
    guard slot.narrow == nil else { return }
    slot.narrow = Region((slot.shape.count + 1) / 2)
    slot.narrowMaker = if let maker, maker.narrows { maker } else { reader }
  }
}
