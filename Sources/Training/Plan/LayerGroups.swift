import ModelGraph

/// A network's layers in three groups, as in fastai: the body's first half, its second half, and the head.
///
/// The head: the layers with weights after the last pooling to one value per channel, or the last layer with weights if
/// there is no such pooling. The body is cut before `layer3` if its nodes or weights bear that name, as in fastai's
/// `_resnet_split`; else in the middle of its layers.
public struct LayerGroups: Sendable {
  public static let count = 3
  static let head = 2

  /// For each node, its group.
  let groups: [Int]

  init(_ graph: Graph, inputShape: Shape) throws(GraphError) {
    let facts = try graph.infer([inputShape])
    func hasWeights(_ node: Graph.Node) -> Bool {
      switch node.operation {
      case .conv, .convTranspose, .gemm, .matMul, .batchNormalization, .instanceNormalization, .groupNormalization,
        .layerNormalization, .rmsNormalization:
        node.inputs.contains { $0.map { graph.values[$0].constant != nil } ?? false }
      default: false
      }
    }
    func leavesOnePixel(_ node: Graph.Node) -> Bool {
      guard let x = node.firstInput, let y = node.firstOutput, let from = facts[x]?.shape,
        let to = facts[y]?.shape, from.rank == 4
      else { return false }
      switch node.operation {
      case .globalAveragePool, .globalMaxPool: return true
      case .averagePool, .maxPool, .reduceMean, .reduceMax: return to.count == from[0] * from[1]
      default: return false
      }
    }
    let weighted = graph.nodes.indices.filter { hasWeights(graph.nodes[$0]) }
    let pooling = graph.nodes.lastIndex { leavesOnePixel($0) } ?? graph.nodes.count
    let head = weighted.first { $0 > pooling } ?? weighted.last ?? 0
    let body = weighted.filter { $0 < head }
    let named = body.first { index in
      let node = graph.nodes[index]
      let names = [node.name] + node.inputs.compactMap { $0.map { graph.values[$0].name } }
      return names.contains { LayerGroups.mentionsThirdStage($0) }
    }
    let middle = named ?? (body.isEmpty ? 0 : body[body.count / 2])
    groups = graph.nodes.indices.map { $0 >= head ? LayerGroups.head : $0 >= middle ? 1 : 0 }
  }

  /// `layer3.0.conv1.weight`, `/layer3/layer3.0/conv1/Conv`.
  private static func mentionsThirdStage(_ name: String) -> Bool {
    name.split { $0 == "." || $0 == "/" }.contains("layer3")
  }
}

/// Which parameters do not learn.
public struct Freezing: Sendable, Equatable {
  /// Number of frozen groups, counted from the input. 0: everything learns.
  public var groups: Int
  /// Whether batch normalisations in frozen groups still learn, weights and running statistics, which is fastai's default.
  /// If not, they normalise by the running statistics.
  public var normalizationsLearn: Bool

  public init(groups: Int, normalizationsLearn: Bool) {
    self.groups = groups
    self.normalizationsLearn = normalizationsLearn
  }

  public static let none = Freezing(groups: 0, normalizationsLearn: true)
  /// Only the head learns, and normalisations if asked for.
  public static func body(normalizationsLearn: Bool = true) -> Freezing {
    Freezing(groups: LayerGroups.count - 1, normalizationsLearn: normalizationsLearn)
  }
}
