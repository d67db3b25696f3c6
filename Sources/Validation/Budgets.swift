import ModelGraph
import ONNXFormat
import Text

/// What a model may be at most, besides valid: `validate --max-parameters 25M`, …. Each breach is a finding E4xx.
///
/// `Giemsa` checks the budget for memory, which takes a plan.
public struct Budgets: Sendable {
  /// Bytes of the file and its external data.
  public var bytes: Int?
  public var parameters: Int?
  public var multiplyAdds: Int?
  public var opsets: ClosedRange<Int>?
  /// Names of the operators that a model may use; those of other domains as `com.microsoft.QGemm`.
  public var operators: Set<ExactText>?
  public var target: Target?
  /// Whether the batch must be left open.
  public var wantsFreeBatch = false

  public init() {}

  /// The budgets that a file is held to.
  func check(_ file: ONNXFile.Examination, _ found: inout Findings) {
    if Version.isForSomeModels { return }
    if let bytes, file.byteCount > bytes {
      found.append(Finding(.overSize, "has \(file.byteCount) bytes, external data included; the budget is \(bytes)"))
    }
    if let opsets, let opset = file.opset, !opsets.contains(opset) {
      let wanted = opsets.count == 1 ? "\(opsets.lowerBound)" : "\(opsets.lowerBound) to \(opsets.upperBound)"
      found.append(Finding(.unwantedOpset, "is of opset \(opset); wanted is \(wanted)"))
    }
  }

  /// The budgets that a graph is held to. Without `isWhole` only those that a part of it can break.
  func check(_ graph: Graph, _ facts: [Fact?], isWhole: Bool, _ found: inout Findings) {
    if Version.isForSomeModels { return }
    checkOperators(graph, &found)
    if wantsFreeBatch, let id = graph.fixedBatch {
      let name = graph.values[id].name
      found.append(
        Finding(.unfreeBatch, "input '\(name)' fixes the batch; export it with a free first axis", tensor: name))
    }
    guard isWhole else { return }
    if let parameters {
      let count = graph.parameterCount
      if count > parameters {
        found.append(Finding(.overParameters, "has \(count) parameters; the budget is \(parameters)"))
      }
    }
    if let multiplyAdds {
      // Of shapes as large as a file can say the sum is beyond 64 bits.
      let count = graph.nodes.reduce(0) { sum, node in
        let (more, overflow) = sum.addingReportingOverflow(graph.cost(of: node, facts).multiplyAdds)
        return overflow ? .max : more
      }
      if count > multiplyAdds {
        found.append(
          Finding(.overMultiplyAdds, "takes \(count) multiply-adds a run; the budget is \(multiplyAdds)"))
      }
    }
  }

  /// One finding for each operator, at its first node.
  private func checkOperators(_ graph: Graph, _ found: inout Findings) {
    if operators == nil, target == nil { return }
    var first: [(name: ExactText, node: Int, count: Int)] = []
    var places: [ExactText: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      let domain = node.operation.domain.name
      let name = ExactText((domain.isEmpty ? "" : domain + ".") + node.operation.name)
      if let place = places[name] {
        first[place].count += 1
      } else {
        places[name] = first.count
        first.append((name, index, 1))
      }
    }
    for (name, index, count) in first {
      let node = graph.nodes[index]
      let more = count == 1 ? "" : ", the first of \(counted(count, "node"))"
      if let operators, !operators.contains(name) {
        found.append(
          Finding(
            .unlistedOperator, "\(node.place): \(name.text) is not in the list of operators\(more)", node: node.name))
      }
      if let target, !target.hasOperator(name.text) {
        found.append(
          Finding(.notOnTarget, "\(node.place): \(target.title) does not run \(name.text)\(more)", node: node.name))
      }
    }
  }
}

extension Graph {
  /// The first input of pictures (of four axes) with a batch of one size; nil if there is none.
  var fixedBatch: ValueID? {
    inputs.first { id in
      guard let dimensions = values[id].declaration?.dimensions, dimensions.count == 4 else { return false }
      if case .fixed = dimensions[0] { return true }
      return false
    }
  }
}
