import ModelGraph

extension Graph {
  /// The lowest and highest output of a Relu, or of a Clip of floats whose bounds are constants; nil for other nodes.
  func bounds(_ index: Int) -> (low: Float, high: Float)? {
    switch nodes[index].operation {
    case .relu: (0, .infinity)
    case .clip: nodes[index].clipBounds { values[$0].constant }
    default: nil
    }
  }
}
