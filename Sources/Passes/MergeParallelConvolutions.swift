import ModelGraph
import Text

/// Conv(x) + Conv(x) becomes one Conv, whose weights and bias are the sums, as networks need that train a convolution as several
/// branches (RepVGG, MobileOne, FastViT).
///
/// The smaller kernel lies somewhere in the larger one. A BatchNormalization of x is a branch too: 1 × 1, a filter for each
/// channel. Only if nothing else reads the branches. Exact up to the order of summation (1e-6 relative, tested).
public func mergeParallelConvolutions(_ graph: inout Graph) -> Int {
  PassContext.alone(&graph, mergeParallelConvolutions)
}

func mergeParallelConvolutions(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard graph.hasNode(where: { if case .add = $0 { true } else { false } }) else { return 0 }
  let facts = context.facts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices where !uses.isTouched(index) {
    let add = graph.nodes[index]
    guard case .add = add.operation, let a = add[Add.Input.a], let b = add[Add.Input.b], a != b,
      let output = graph.soleOutput(index), facts.always(a, b, { $0 == $1 }), uses.isReadOnce(a), uses.isReadOnce(b),
      let makerOfA = uses.producer(a), let makerOfB = uses.producer(b),
      let branchA = Branch(graph, makerOfA), let branchB = Branch(graph, makerOfB)
    else { continue }
    let pairs = [(branchA, branchB, makerOfA, makerOfB), (branchB, branchA, makerOfB, makerOfA)]
    for (larger, smaller, maker, other) in pairs {
      guard let place = larger.place(of: smaller), case .conv = graph.nodes[maker].operation,
        var weight = graph.constantInput(maker, Conv.Input.w),
        context.allows(bytes: weight.byteCount, work: 2 * weight.count)
      else { continue }
      let bias = larger.bias.indices.map { Float(larger.bias[$0] + smaller.bias[$0]) }
      guard let newBias = try? Tensor([bias.count], bias) else { continue }
      let name = graph.nodes[maker].name
      // Keeping a model's weights twice in memory would be too much for a small device: these are changed in place.
      graph.release(weightsOf: maker, uses)
      smaller.add(to: &weight, at: place, graph, other)
      graph.release(weightsOf: other, uses)
      let node = Graph.Node(
        name, graph.nodes[maker].operation,
        inputs: [
          larger.x, graph.addFreshConstant("\(name)_merged_weight", weight),
          graph.addFreshConstant("\(name)_merged_bias", newBias),
        ], outputs: [output])
      graph.nodes[maker] = node
      uses.make(output, by: maker)
      uses.remove(other)
      uses.remove(index)
      changes += 1
      break
    }
  }
  graph.removeNodes(uses.removed)
  return changes
}

extension Graph {
  /// Releases the weights of a convolution, if no other node reads them.
  fileprivate mutating func release(weightsOf index: Int, _ uses: Uses) {
    guard case .conv = nodes[index].operation, let weight = nodes[index][Conv.Input.w], uses.isReadOnce(weight) else {
      return
    }
    values[weight].constant = nil
  }
}

/// A convolution of planes, or a batch normalisation as one.
private struct Branch {
  let x: Graph.ValueID
  let bias: [Double]
  private let group: Int
  /// Of a filter: channels, rows and columns.
  private let extents: [Int]
  private let strides: [Int]
  /// Above and to the left.
  private let pads: [Int]
  /// Of a batch normalisation.
  private let scale: [Double]?

  init?(_ graph: Graph, _ index: Int) {
    let node = graph.nodes[index]
    switch node.operation {
    case .conv(let conv):
      guard let x = node[Conv.Input.x], let weight = graph.constantInput(index, Conv.Input.w), weight.type == .float32,
        weight.shape.rank == 4, weight.count > 0, conv.window.autoPad == .notSet,
        conv.window.dilations.allSatisfy({ $0 == 1 })
      else { return nil }
      self.x = x
      group = conv.group
      extents = [weight.shape[1], weight.shape[2], weight.shape[3]]
      strides = conv.window.strides.isEmpty ? [1, 1] : conv.window.strides
      pads = conv.window.pads.isEmpty ? [0, 0] : Array(conv.window.pads.prefix(2))
      scale = nil
      if graph.lacksInput(index, Conv.Input.b) {
        bias = [Double](repeating: 0, count: weight.shape[0])
      } else {
        guard let old = graph.constantInput(index, Conv.Input.b), old.type == .float32, old.count == weight.shape[0]
        else { return nil }
        bias = old.doubles
      }
    case .batchNormalization:
      guard let x = node[BatchNormalization.Input.x], let norm = BatchNormalizationScale(graph, index)
      else { return nil }
      (self.x, bias, scale) = (x, norm.shift, norm.scale)
      (group, extents, strides, pads) = (norm.channels, [1, 1, 1], [1, 1], [0, 0])
    default: return nil
    }
    guard strides.count == 2, pads.count == 2 else { return nil }
  }

  private var filters: Int { bias.count }
  /// Whether each filter reads the channel of its own number.
  private var isDiagonal: Bool { group == filters && extents[0] == 1 }

  /// Row and column of the kernel at which the other's kernel reads the same pixels; nil if it reaches beyond, or if
  /// its filters read other channels.
  func place(of other: Branch) -> [Int]? {
    guard x == other.x, strides == other.strides, filters == other.filters else { return nil }
    let hasSameGroups = group == other.group && extents[0] == other.extents[0]
    guard hasSameGroups || other.isDiagonal && group > 0 && filters == group * extents[0] else { return nil }
    let place = [pads[0] - other.pads[0], pads[1] - other.pads[1]]
    guard place[0] >= 0, place[1] >= 0, place[0] + other.extents[1] <= extents[1],
      place[1] + other.extents[2] <= extents[2]
    else { return nil }
    return place
  }

  /// Adds the branch's weights at a place of a kernel's; the branch is made by node `index`.
  func add(to weight: inout Tensor, at place: [Int], _ graph: Graph, _ index: Int) {
    if let scale {
      scale.map { Float($0) }.withUnsafeBufferPointer { add($0, to: &weight, place) }
    } else {
      graph.constantInput(index, Conv.Input.w)?.withElements(Float.self) { add($0, to: &weight, place) }
    }
  }

  private func add(_ own: UnsafeBufferPointer<Float>, to weight: inout Tensor, _ place: [Int]) {
    let (channels, rows, columns) = (weight.shape[1], weight.shape[2], weight.shape[3])
    weight.withMutableElements(Float.self) { values in
      var from = 0
      for filter in 0..<filters {
        for channel in 0..<extents[0] {
          // A diagonal filter's channel, counted within its group.
          let to = extents[0] == channels ? channel : filter % channels
          for row in 0..<extents[1] {
            for column in 0..<extents[2] {
              values[((filter * channels + to) * rows + place[0] + row) * columns + place[1] + column] += own[from]
              from += 1
            }
          }
        }
      }
    }
  }
}
