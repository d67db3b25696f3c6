import ModelGraph

/// A node that steps are asked about: it makes one value, which is not empty.
struct Candidate {
  let node: Graph.Node
  /// Its place among the graph's nodes.
  let index: Int
  let output: Graph.ValueID

  /// The value that the node reads as `input`; nil if it is left out.
  subscript(input: OperatorInput) -> Graph.ValueID? { node[input] }
}
