import ModelGraph
import Text

/// A node as a file holds it: in the form of the file's opset.
struct WrittenNode {
  var name: String
  var kind: String
  var domain: OperatorDomain
  var attributes: [Attribute]
  var inputs: [Graph.ValueID?]
  var outputs: [Graph.ValueID?]

  init(_ node: Graph.Node) {
    name = node.name
    (kind, domain) = (node.operation.name, node.operation.domain)
    attributes = node.operation.attributes
    (inputs, outputs) = (node.inputs, node.outputs)
  }

  func has(_ attribute: String) -> Bool { attributes.contains { $0.name.isExactly(attribute) } }

  func value(_ attribute: String) -> Attribute.Value? {
    attributes.first { $0.name.isExactly(attribute) }?.value
  }

  func int(_ attribute: String) -> Int? {
    if case .int(let int)? = value(attribute) { return int }
    return nil
  }

  func string(_ attribute: String) -> String {
    if case .string(let text)? = value(attribute) { return text }
    return ""
  }

  mutating func remove(_ attribute: String) { attributes = attributes.filter { !$0.name.isExactly(attribute) } }

  mutating func set(_ attribute: Attribute) {
    remove(attribute.name)
    attributes.append(attribute)
  }

  func input(_ index: Int) -> Graph.ValueID? { index < inputs.count ? inputs[index] : nil }

  /// Leaves out the inputs from `index` on.
  mutating func truncate(_ index: Int) { inputs = Array(inputs.prefix(index)) }
}
