import ModelGraph
import Passes

extension PreparedModel {
  /// For values that are read by functions alone which are constant beyond some bounds: these bounds.
  ///
  /// A HardSwish is 0 below −3, so no integer needs to represent numbers below −3. A smooth function counts as constant
  /// where it is less than half a step of most outputs away from its limit.
  static func usefulRanges(of graph: Graph) -> [Graph.ValueID: ClosedRange<Float>] {
    // As single nodes the functions are easier to recognise. The values keep their numbers.
    var graph = graph
    _ = recogniseActivations(&graph)
    var ranges: [Graph.ValueID: ClosedRange<Float>] = [:]
    var others = Set(graph.outputs)
    for node in graph.nodes {
      guard node.inputs.count == 1, let x = node.firstInput,
        let useful = usefulRange(of: node.operation)
      else {
        for case let id? in node.inputs { others.insert(id) }
        continue
      }
      guard let known = ranges[x] else {
        ranges[x] = useful
        continue
      }
      ranges[x] =
        min(known.lowerBound, useful.lowerBound)...max(known.upperBound, useful.upperBound)
    }
    return ranges.filter { !others.contains($0.key) }
  }

  private static func usefulRange(of operation: Operator) -> ClosedRange<Float>? {
    switch operation {
    case .hardSwish: -3...Float.infinity
    case .hardSigmoid(let hard) where hard.alpha > 0:
      (-hard.beta / hard.alpha)...((1 - hard.beta) / hard.alpha)
    case .sigmoid: -6...6
    case .swish(let swish) where swish.alpha > 0: (-7 / swish.alpha)...Float.infinity
    case .quickGelu(let gelu) where gelu.alpha > 0: (-7 / gelu.alpha)...Float.infinity
    case .mish: -7...Float.infinity
    case .gelu, .microsoftGelu: -3.5...Float.infinity
    case .tanh: -3.5...3.5
    case .softplus: -6...Float.infinity
    default: nil
    }
  }
}
