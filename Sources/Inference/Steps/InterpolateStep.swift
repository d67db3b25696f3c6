import Kernels
import ModelGraph
import Text

/// `f32_interpolate`: linear or cubic Resize, one axis after the other. Nearest neighbours are picked (`PickStep`).
final class InterpolateStep: Step {
  private typealias Tap = (index: Int, weight: Double)

  private var parameters = f32_interpolate()
  private let places: [Int]
  private let weights: [Float]

  /// - Parameter taps: for each place of the output the places of the input and their weights, as many for all.
  private init(outer: Int, inner: Int, input: Int, _ taps: [[Tap]], _ planner: Planner) {
    places = taps.flatMap { $0.map { $0.index } }
    weights = taps.flatMap { $0.map { Float($0.weight) } }
    parameters.isa = planner.level
    (parameters.outer, parameters.inner, parameters.input) = (outer, inner, input)
    (parameters.output, parameters.taps) = (taps.count, taps[0].count)
    f32_interpolate_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .resize(let resize) = candidate.node.operation, resize.mode != .nearest,
      let x = planner.floatVariable(candidate.node.firstInput)
    else { return false }
    let node = candidate.node
    let inputs = Inputs(Resize.name, planner.inputFacts(of: node))
    guard let axes = try? resize.resampledAxes(inputs, of: planner.shape(x)) else { return false }
    var passes: [(axis: Int, taps: [[Tap]])] = []
    // Axes that shrink come first, as in the definition.
    let order = axes.indices.filter { !axes[$0].isUnchanged }.inOrder { axes[$0].growth < axes[$1].growth }
    for axis in order {
      guard let taps = taps(axes[axis], resize) else { return false }
      passes.append((axis, taps))
    }
    guard let last = passes.last else { return false }
    var shape = planner.shape(x)
    // Along the channels, interpolation reads whole planes.
    let layout: Layout = shape.rank >= 3 && !passes.contains { $0.axis == 1 } ? .channelsLast : .plain
    var source = try planner.operand(x, layout)
    for pass in passes {
      let input = shape[pass.axis]
      shape[pass.axis] = pass.taps.count
      let (outer, inner) = shape.around(pass.axis, layout)
      let step = InterpolateStep(outer: outer, inner: inner, input: input, pass.taps, planner)
      let target =
        pass.axis == last.axis
        ? planner.newBuffer(candidate.output, layout) : planner.newBuffer(byteCount: shape.count * 4)
      planner.append(step, for: node, reads: [source], writes: [target])
      source = .buffer(target)
    }
    return true
  }

  /// The taps of each place, all of the same number; nil if a place is extrapolated, or there are far too many.
  private static func taps(_ axis: ResampledAxis, _ resize: Resize) -> [[Tap]]? {
    guard axis.output <= PickedAxis.longestList else { return nil }
    var all: [[Tap]] = []
    var most = 1
    for place in 0..<axis.output {
      guard let taps = resize.sampling.taps(place, axis, isCubic: resize.mode == .cubic) else { return nil }
      most = max(most, taps.count)
      all.append(taps)
    }
    guard most <= 64, !all.isEmpty else { return nil }
    // A tap of weight 0 would make a NaN of an infinity beside: the first one is halved instead.
    return all.map { taps in
      guard let first = taps.first else { return [Tap](repeating: (0, 0), count: most) }
      let added = most - taps.count
      let share: Tap = (first.index, first.weight / Double(added + 1))
      return [Tap](repeating: share, count: added + 1) + taps.dropFirst()
    }
  }

  var kernel: String { "f32_interpolate" }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: places.count * 8 + weights.count * 4, scratchBytes: 0, zeroBytes: 0, weights: nil, others: [])
  }

  func pack(_ packer: Packer) {
    let places = packer.room.assumingMemoryBound(to: Int.self)
    for (index, place) in self.places.enumerated() { places[index] = place }
    let weights = (packer.room + self.places.count * 8).assumingMemoryBound(to: Float.self)
    for (index, weight) in self.weights.enumerated() { weights[index] = weight }
    (parameters.places, parameters.weights) = (UnsafePointer(places), UnsafePointer(weights))
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_interpolate_task, parameters, tasks: parameters.tasks)
  }
}

extension Shape {
  /// Elements outside and inside an axis in memory.
  fileprivate func around(_ axis: Int, _ layout: Layout) -> (outer: Int, inner: Int) {
    let strides = strides(layout)
    return (count / (strides[axis] * self[axis]), strides[axis])
  }
}
