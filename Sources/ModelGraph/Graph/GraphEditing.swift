import Text

/// The edits that passes use.
extension Graph {
  /// For each value, how often nodes read it (a node that reads it twice counts twice) and how often it is a graph
  /// output.
  public func readCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: values.count)
    for node in nodes {
      for case let input? in node.inputs { counts[input] += 1 }
    }
    for output in outputs { counts[output] += 1 }
    return counts
  }

  /// Removes the nodes that are marked.
  public mutating func removeNodes(_ marked: [Bool]) {
    var kept: [Node] = []
    kept.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() where !marked[index] { kept.append(node) }
    nodes = kept
  }

  /// `base`, or the first of `base_1`, `base_2`, … that is not in use. A name is returned only once.
  public mutating func freshName(_ base: String) -> String {
    names.update(values)
    return names.fresh(base)
  }

  /// Adds a constant under an unused name.
  public mutating func addFreshConstant(_ base: String, _ tensor: Tensor) -> ValueID {
    addConstant(freshName(base), tensor)
  }

  /// Removes every value that no node reads or computes and that is neither input nor output, and renumbers the others.
  /// The memory of removed constants is released. Returns the number of removed constants.
  @discardableResult
  public mutating func compact() -> Int {
    var used = [Bool](repeating: false, count: values.count)
    for node in nodes {
      for case let id? in node.inputs { used[id] = true }
      for case let id? in node.outputs { used[id] = true }
    }
    for id in inputs { used[id] = true }
    for id in outputs { used[id] = true }

    var number = [Int](repeating: 0, count: values.count)
    var kept: [Value] = []
    var dropped = 0
    for (id, value) in values.enumerated() {
      number[id] = kept.count
      if used[id] {
        kept.append(value)
      } else if value.constant != nil {
        dropped += 1
      }
    }
    if kept.count == values.count { return 0 }
    values = kept
    names = ValueNames()
    inputs = inputs.map { number[$0] }
    outputs = outputs.map { number[$0] }
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { $0.map { number[$0] } }
      nodes[index].outputs = nodes[index].outputs.map { $0.map { number[$0] } }
    }
    return dropped
  }
}

/// The set of names in use, kept so that an unused name is found without a pass over all values.
public struct ValueNames: Sendable {
  private var taken: Set<ExactText> = []
  /// The number of values whose names are in `taken`.
  private var seen = 0
  /// The last number given to each base.
  private var numbers: [ExactText: Int] = [:]

  public init() {}

  mutating func update(_ values: [Graph.Value]) {
    if seen > values.count { self = ValueNames() }
    while seen < values.count {
      taken.insert(ExactText(values[seen].name))
      seen += 1
    }
  }

  /// `base`, or the first of `base_1`, `base_2`, … that has not been returned before.
  public mutating func fresh(_ base: String) -> String {
    let key = ExactText(base)
    if taken.insert(key).inserted { return base }
    var number = numbers[key] ?? 0
    var name: String
    repeat {
      number += 1
      name = "\(base)_\(number)"
    } while !taken.insert(ExactText(name)).inserted
    numbers[key] = number
    return name
  }
}
