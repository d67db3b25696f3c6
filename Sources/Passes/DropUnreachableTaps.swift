import ModelGraph
import Text

/// A Conv whose outermost taps only ever read padding loses them, as with dilations that exceed the picture.
///
/// Only if the picture's size is known. Exact, except that such taps' weights may be infinite.
public func dropUnreachableTaps(_ graph: inout Graph) -> Int { PassContext.alone(&graph, dropUnreachableTaps) }

func dropUnreachableTaps(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let mayDrop = graph.hasNode { operation in
    if case .conv(let conv) = operation { conv.window.dilations.contains { $0 > 1 } } else { false }
  }
  guard mayDrop else { return 0 }
  let facts = context.facts(graph)
  var changes = 0
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    guard case .conv(var conv) = node.operation, conv.window.autoPad == .notSet, let x = node[Conv.Input.x],
      let shape = facts.shape(x), let weight = graph.constantInput(index, Conv.Input.w), weight.type == .float32,
      shape.rank == 4, weight.shape.rank == 4,
      let geometry = try? conv.geometry(x: shape, w: weight.shape)
    else { continue }
    let axes = [geometry.plane.height, geometry.plane.width]
    let kept = axes.map { reached($0) }
    guard zip(kept, axes).contains(where: { $0.count < $1.kernel }), kept.allSatisfy({ !$0.isEmpty }) else { continue }
    let before = zip(axes, kept).map { $0.padBefore - $1.lowerBound * $0.dilation }
    let after = zip(axes, kept).map { $0.padAfter - ($0.kernel - $1.upperBound) * $0.dilation }
    let size = weight.shape[0] * weight.shape[1] * kept[0].count * kept[1].count
    guard (before + after).allSatisfy({ $0 >= 0 }), context.allows(bytes: size * 4, work: size) else { continue }
    let old = weight.array(of: Float.self)
    var values: [Float] = []
    values.reserveCapacity(size)
    for filter in 0..<(weight.shape[0] * weight.shape[1]) {
      for row in kept[0] {
        for column in kept[1] { values.append(old[(filter * axes[0].kernel + row) * axes[1].kernel + column]) }
      }
    }
    let extents = [weight.shape[0], weight.shape[1], kept[0].count, kept[1].count]
    guard let less = try? Tensor(Shape(extents), values) else { continue }
    conv.window.pads = before + after
    conv.window.kernel = [kept[0].count, kept[1].count]
    conv.window.dilations = zip(axes, kept).map { $1.count == 1 ? 1 : $0.dilation }
    var smaller = node
    smaller.operation = .conv(conv)
    smaller[Conv.Input.w] = graph.addFreshConstant("\(node.name)_reached_weight", less)
    graph.nodes[index] = smaller
    changes += 1
  }
  return changes
}

/// From the first to the last tap that reads the picture for some output.
private func reached(_ axis: WindowAxis) -> Range<Int> {
  let taps = (0..<axis.kernel).filter { tap in
    let first = tap * axis.dilation - axis.padBefore
    return first < axis.input && first + (axis.output - 1) * axis.stride >= 0
  }
  guard let first = taps.first, let last = taps.last else { return 0..<0 }
  return first..<(last + 1)
}
