import Text

extension Graph {
  /// The same graph without ``BatchNormalization/isPerElement`` and ``GroupNormalization/scalesGroups``, for which
  /// opset 21 has no attributes.
  ///
  /// A BatchNormalization of elements becomes Flatten → BatchNormalization of as many channels → Reshape. Scale and
  /// bias of groups are repeated for each channel by Gather, where the number of channels is known.
  public func withOldNormalizationSpelledOut() -> Graph {
    guard nodes.contains(where: { $0.operation.isOldNormalization }) else { return self }
    let facts = try? infer()
    var result = self
    result.nodes = []
    for var node in nodes {
      let name = node.firstOutput.map { values[$0].name } ?? node.name
      switch node.operation {
      case .batchNormalization(var norm) where norm.isPerElement:
        guard let x = node[BatchNormalization.Input.x] else { break }
        norm.isPerElement = false
        let shape = result.add(.shape(ShapeOperator()), "\(name)/shape", [x])
        node[BatchNormalization.Input.x] = result.add(.flatten(Flatten(axis: 1)), "\(name)/flat", [x])
        for input in BatchNormalization.inputs.dropFirst() {
          guard let values = node[input], let vector = result.vector([-1], "\(name)/\(input.name)/shape") else {
            continue
          }
          node[input] = result.add(.reshape(Reshape()), "\(name)/\(input.name)", [values, vector])
        }
        let normalized = result.add(.batchNormalization(norm), "\(name)/normalized", node.inputs)
        // Without allowzero, Reshape takes an extent of 0 for "keep".
        node.operation = .reshape(Reshape(allowzero: true))
        node.inputs = [normalized, shape]
      case .groupNormalization(var norm) where norm.scalesGroups:
        guard let x = node[GroupNormalization.Input.x], let shape = facts?[x]?.shape, shape.rank > 1,
          shape[1] <= Shape.elementLimit
        else { break }
        norm.scalesGroups = false
        let size = max(shape[1] / norm.groups, 1)
        for input in [GroupNormalization.Input.scale, GroupNormalization.Input.bias] {
          guard let values = node[input],
            let groups = result.vector((0..<shape[1]).map { Int64($0 / size) }, "\(name)/\(input.name)/groups")
          else { continue }
          node[input] = result.add(.gather(Gather()), "\(name)/\(input.name)", [values, groups])
        }
        node.operation = .groupNormalization(norm)
      default: break
      }
      result.nodes.append(node)
    }
    return result
  }

  private mutating func vector(_ values: [Int64], _ name: String) -> ValueID? {
    guard let tensor = try? Tensor([values.count], values) else { return nil }
    return addConstant(name, tensor)
  }
}

extension Operator {
  fileprivate var isOldNormalization: Bool {
    switch self {
    case .batchNormalization(let norm): norm.isPerElement
    case .groupNormalization(let norm): norm.scalesGroups
    default: false
    }
  }
}
