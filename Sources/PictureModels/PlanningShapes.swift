import ModelGraph
import Text

extension Graph {
  /// A shape for each of ``inputs``, in order, to plan or judge with before a picture is there.
  ///
  /// Symbols become `others` (a batch of one, say), but the two axes of pictures (the last two of four) become what
  /// `giemsa.input_size` says, or 224: by 1 no network with a stride could be planned. A symbol has one size throughout.
  public func planningShapes(others: Int = 1) -> [Shape] {
    let size = (try? ModelMetadata(metadata).inputSize) ?? []
    var bound: [ExactText: Int] = [:]
    for id in inputs {
      guard let dimensions = values[id].declaration?.dimensions, dimensions.count == 4 else { continue }
      for axis in 2...3 {
        if case .symbol(let name) = dimensions[axis], bound[ExactText(name)] == nil {
          bound[ExactText(name)] = size.count == 2 ? size[axis - 2] : 224
        }
      }
    }
    return inputs.map { values[$0].declaration?.shape(binding: bound, fallback: others) ?? Shape([]) }
  }
}
