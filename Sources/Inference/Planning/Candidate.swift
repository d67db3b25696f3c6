import ModelGraph

/// A node that steps are asked about: it makes one value, which is not empty.
struct Candidate {
  let node: Graph.Node
  /// Its place among the graph's nodes.
  let index: Int
  let output: Graph.ValueID

  func input(_ position: Int) -> Graph.ValueID? { node.input(position) }
}

extension Graph.Node {
  /// The input at `position`; nil if it is left out.
  func input(_ position: Int) -> Graph.ValueID? { position < inputs.count ? inputs[position] : nil }
}
