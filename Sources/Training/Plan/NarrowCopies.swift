/// Decides which activations and gradients are bf16 in mixed-precision training: those between convolutions and
/// normalisations, and the gradients between them. This halves the memory and the memory traffic of a step.
///
/// Evaluation always uses float activations. There, bf16 copies are written only for the backward pass of class
/// activations.
enum NarrowCopies {
  static func plan(_ steps: [Step], output: Slot) {
    let readers = steps.readers
    var makers: [ObjectIdentifier: Step] = [:]
    for step in steps { makers[ObjectIdentifier(step.output)] = step }
    for step in steps {
      guard let operands = step.operandsInBfloat16 else { continue }
      if operands.readsInput { addCopy(of: step.input(), maker: makers[ObjectIdentifier(step.input())], or: step) }
      if operands.readsOutput { addCopy(of: step.output, maker: step, or: step) }
    }
    for step in steps where step.operandsInBfloat16?.writesOutput ?? false && step.output !== output {
      let readers = readers[ObjectIdentifier(step.output)] ?? []
      if !readers.isEmpty, readers.allSatisfy({ canReadCopy($0.step, $0.operand) }) {
        addCopy(of: step.output, maker: step, or: step)
      }
    }
    for step in steps {
      let slot = step.output
      let readers = readers[ObjectIdentifier(slot)] ?? []
      slot.isReadAsFloat =
        slot === output
        || readers.contains { reader, index in
          index == 0 ? reader.readsFloatInput : slot.narrow == nil || !canReadCopy(reader, index)
        }
      slot.gradientIsNarrow =
        slot !== output && step.operandsInBfloat16?.readsOutputGradient ?? false && !readers.isEmpty
        && readers.enumerated().allSatisfy { place, reader in
          switch reader.step.operandsInBfloat16?.gradients[reader.operand] {
          case nil: false
          case .ifAlone: readers.count == 1
          // The backward pass runs in reverse: the last reader contributes first.
          case .ifFirst: place == readers.count - 1
          case .always: true
          }
        }
    }
  }

  private static func canReadCopy(_ step: Step, _ operand: Int) -> Bool {
    step.operandsInBfloat16?.otherInputs.contains(operand) ?? false
  }

  /// The step that makes the value writes the copy, if it can; else the reader does.
  private static func addCopy(of slot: Slot, maker: Step?, or reader: Step) {
    guard slot.narrow == nil else { return }
    slot.narrow = Region((slot.shape.count + 1) / 2)
    slot.narrowMaker = if let maker, maker.operandsInBfloat16?.writesOutput ?? false { maker } else { reader }
  }
}
