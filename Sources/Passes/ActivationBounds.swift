import ModelGraph

extension Graph {
  /// What a Relu, or a Clip of floats whose bounds are constants, lets through; nil for other nodes.
  func bounds(_ index: Int) -> (low: Float, high: Float)? {
    switch nodes[index].operation {
    case .relu: return (0, .infinity)
    case .clip:
      // Clip's own defaults.
      var bounds: [Float] = [-.greatestFiniteMagnitude, .greatestFiniteMagnitude]
      for position in 1...2 where !lacksInput(index, position) {
        guard let bound = constantInput(index, position), bound.type == .float32, bound.count == 1 else { return nil }
        let value = bound.array(of: Float.self)[0]
        // A NaN bounds nothing, as in Clip.
        if !value.isNaN { bounds[position - 1] = value }
      }
      return (bounds[0], bounds[1])
    default: return nil
    }
  }
}
