// Operators that only pick elements by separate rules for each axis, as planners need to know them: Slice, Transpose, Pad,
// Gather with known indices, …

/// One axis of a loop over an output, outermost first: which indices of the input it goes through.
///
/// Several of them, one inside the other, can make up one axis of the output, and the indices that several give for one axis of
/// the input are added.
public struct PickedAxis: Sendable {
  public enum Indices: Sendable {
    /// The same element of the input again.
    case repeated
    /// From `first` on, `step` apart.
    case range(first: Int, step: Int)
    /// One by one; ``nowhere`` for elements that are not picked but filled in.
    case list([Int])
  }

  public static let nowhere = -1
  /// Indices that are listed at most: an axis with more is left to the operator's definition.
  public static let longestList = 65536

  /// The axis of the output that it is, or is part of.
  public let output: Int
  public let count: Int
  /// The axis of the input.
  public let source: Int
  public let indices: Indices

  public init(_ output: Int, count: Int, source: Int, _ indices: Indices) {
    self.output = output
    self.count = count
    self.source = source
    self.indices = indices
  }

  /// A whole axis of the input.
  static func whole(_ axis: Int, of shape: Shape, as output: Int) -> PickedAxis {
    PickedAxis(output, count: shape[axis], source: axis, .range(first: 0, step: 1))
  }

  static func wholes(_ shape: Shape) -> [PickedAxis] { shape.extents.indices.map { .whole($0, of: shape, as: $0) } }
}

extension Operator {
  /// Whether this build has an operator that picks.
  public static var isAnyPicking: Bool {
    Slice.isIncluded || SplitOperator.isIncluded || Transpose.isIncluded || Pad.isIncluded || Gather.isIncluded
      || Expand.isIncluded || Tile.isIncluded || DepthToSpace.isIncluded || SpaceToDepth.isIncluded || Resize.isIncluded
  }

  /// How output `position` is picked out of input 0. nil for an operator that does something else, or whose settings are not
  /// known.
  public func pickedAxes(_ inputs: [Fact?], position: Int) -> [PickedAxis]? {
    let inputs = Inputs(name, inputs)
    guard case .some(.some(let data)) = inputs.items.first else { return nil }
    switch self {
    case .slice(let slice) where Slice.isIncluded: return try? slice.pickedAxes(inputs, of: data.shape)
    case .split(let split) where SplitOperator.isIncluded:
      return try? split.pickedAxes(inputs, of: data.shape, position: position)
    case .transpose(let transpose) where Transpose.isIncluded: return try? transpose.pickedAxes(of: data.shape)
    case .pad(let pad) where Pad.isIncluded: return try? pad.pickedAxes(inputs, of: data.shape)
    case .gather(let gather) where Gather.isIncluded: return try? gather.pickedAxes(inputs, of: data.shape)
    case .expand(let expand) where Expand.isIncluded: return try? expand.pickedAxes(inputs, of: data.shape)
    case .tile(let tile) where Tile.isIncluded: return try? tile.pickedAxes(inputs, of: data.shape)
    case .depthToSpace(let operation) where DepthToSpace.isIncluded: return operation.pickedAxes(of: data.shape)
    case .spaceToDepth(let operation) where SpaceToDepth.isIncluded: return operation.pickedAxes(of: data.shape)
    case .resize(let resize) where Resize.isIncluded: return try? resize.pickedAxes(inputs, of: data.shape)
    default: return nil
    }
  }
}

extension Slice {
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape) throws(GraphError) -> [PickedAxis] {
    try ranges(inputs, of: data).enumerated().map { axis, range in
      PickedAxis(axis, count: range.count, source: axis, .range(first: range.start, step: range.step))
    }
  }
}

extension SplitOperator {
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape, position: Int) throws(GraphError) -> [PickedAxis]? {
    let axis = try data.axis(axis, of: Self.name)
    let extents = try extents(inputs, of: data[axis])
    guard extents.indices.contains(position) else { return nil }
    var axes = PickedAxis.wholes(data)
    let first = extents[..<position].reduce(0, +)
    axes[axis] = PickedAxis(axis, count: extents[position], source: axis, .range(first: first, step: 1))
    return axes
  }
}

extension Transpose {
  func pickedAxes(of data: Shape) throws(GraphError) -> [PickedAxis] {
    try order(data).enumerated().map { .whole($1, of: data, as: $0) }
  }
}

extension Pad {
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape) throws(GraphError) -> [PickedAxis]? {
    var axes: [PickedAxis] = []
    for (axis, pads) in try pads(inputs, of: data).enumerated() {
      let count = data[axis] + pads.before + pads.after
      if max(pads.before, 0) + max(pads.after, 0) == 0 {
        axes.append(PickedAxis(axis, count: count, source: axis, .range(first: -pads.before, step: 1)))
      } else {
        guard count <= PickedAxis.longestList else { return nil }
        axes.append(PickedAxis(axis, count: count, source: axis, .list(sources(pads, extent: data[axis]))))
      }
    }
    return axes
  }
}

extension Gather {
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape) throws(GraphError) -> [PickedAxis]? {
    let axis = try data.axis(axis, of: Self.name)
    guard let indices = inputs[Input.indices]?.constant, indices.shape.rank <= 1,
      indices.count <= PickedAxis.longestList, let found = indices.ints
    else { return nil }
    let picked = found.map { $0 < 0 ? $0 + data[axis] : $0 }
    guard picked.allSatisfy({ data.extents.indices.contains(axis) && $0 >= 0 && $0 < data[axis] }) else { return nil }
    var axes: [PickedAxis] = []
    for other in 0..<data.rank where other != axis {
      axes.append(.whole(other, of: data, as: other < axis || indices.shape.rank == 1 ? other : other - 1))
    }
    // A lone index is part of the axis before: its count is 1.
    let place = min(axis, max(0, data.rank - 2 + indices.shape.rank))
    axes.insert(PickedAxis(place, count: picked.count, source: axis, .list(picked)), at: axis)
    return axes
  }
}

extension Expand {
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape) throws(GraphError) -> [PickedAxis] {
    let shape = try broadcast(data, Shape(try inputs.ints(Input.shape)), of: Self.name)
    let missing = shape.rank - data.rank
    return (0..<shape.rank).map { axis in
      let own = axis - missing
      let isRepeated = own < 0 || data[own] == 1
      return PickedAxis(
        axis, count: shape[axis], source: max(own, 0), isRepeated ? .repeated : .range(first: 0, step: 1))
    }
  }
}

extension Tile {
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape) throws(GraphError) -> [PickedAxis]? {
    let repeats = try inputs.ints(Input.repeats)
    guard repeats.count == data.rank else { return nil }
    var axes: [PickedAxis] = []
    for axis in 0..<data.rank {
      if repeats[axis] != 1 { axes.append(PickedAxis(axis, count: repeats[axis], source: axis, .repeated)) }
      axes.append(.whole(axis, of: data, as: axis))
    }
    return axes
  }
}

extension Resize {
  /// Of nearest neighbours, if every one of them lies inside.
  func pickedAxes(_ inputs: Inputs<Fact>, of data: Shape) throws(GraphError) -> [PickedAxis]? {
    guard mode == .nearest else { return nil }
    var axes: [PickedAxis] = []
    for (axis, resampled) in try resampledAxes(inputs, of: data).enumerated() {
      guard resampled.output <= PickedAxis.longestList else { return nil }
      if resampled.isUnchanged {
        axes.append(.whole(axis, of: data, as: axis))
        continue
      }
      var places: [Int] = []
      for place in 0..<resampled.output {
        guard let nearest = sampling.nearest(place, resampled) else { return nil }
        places.append(nearest)
      }
      axes.append(PickedAxis(axis, count: places.count, source: axis, .list(places)))
    }
    return axes
  }
}

extension DepthToSpace {
  func pickedAxes(of data: Shape) -> [PickedAxis]? {
    guard data.rank == 4 else { return nil }
    let size = block.size
    let channels = data[1] / (size * size)
    let steps = block.channelSteps(channels)
    return [
      .whole(0, of: data, as: 0),
      PickedAxis(1, count: channels, source: 1, .range(first: 0, step: steps.channel)),
      .whole(2, of: data, as: 2),
      PickedAxis(2, count: size, source: 1, .range(first: 0, step: steps.row)),
      .whole(3, of: data, as: 3),
      PickedAxis(3, count: size, source: 1, .range(first: 0, step: steps.column)),
    ]
  }
}

extension SpaceToDepth {
  func pickedAxes(of data: Shape) -> [PickedAxis]? {
    guard data.rank == 4 else { return nil }
    let size = block.size
    let pixel = [2, 3].map { PickedAxis(1, count: size, source: $0, .range(first: 0, step: 1)) }
    let channel = [PickedAxis.whole(1, of: data, as: 1)]
    return [.whole(0, of: data, as: 0)] + (block.keepsPixelsTogether ? channel + pixel : pixel + channel)
      + [2, 3].map { PickedAxis($0, count: data[$0] / size, source: $0, .range(first: 0, step: size)) }
  }
}
