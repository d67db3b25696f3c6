import ModelGraph
import Text

extension Graph {
  /// A shape for each of ``inputs``, in order, for planning or checking before there is a picture.
  ///
  /// Symbols become `others` (such as a batch of one), but the two sides of pictures (``PictureAxes``) become
  /// `giemsa.input_size`, or 224: with 1, no network with a stride could be planned. A symbol has the same size
  /// everywhere.
  public func planningShapes(others: Int = 1) -> [Shape] {
    let size = (try? ModelMetadata(metadata).inputSize) ?? []
    var bound: [ExactText: Int] = [:]
    for id in inputs {
      guard let dimensions = values[id].declaration?.dimensions, dimensions.count == 4 else { continue }
      let first = PictureAxes(dimensions).height
      for side in 0...1 {
        if case .symbol(let name) = dimensions[first + side], bound[ExactText(name)] == nil {
          bound[ExactText(name)] = size.count == 2 ? size[side] : 224
        }
      }
    }
    return inputs.map { values[$0].declaration?.shape(binding: bound, fallback: others) ?? Shape([]) }
  }
}
