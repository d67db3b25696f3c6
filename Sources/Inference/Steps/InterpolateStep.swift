import Kernels
import ModelGraph

/// `f32_interpolate`: linear or cubic Resize, one axis after the other. Nearest neighbours are picked (`PickStep`).
final class InterpolateStep: Step {
  private var parameters = f32_interpolate()
  private let places: [Int]
  private let weights: [Float]

  /// - Parameter taps: for each place of the output the places of the input and their weights, as many for all.
  private init(outer: Int, inner: Int, input: Int, _ taps: [[(place: Int, weight: Double)]], _ planner: Planner) {
    places = taps.flatMap { $0.map { $0.place } }
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
    let facts = node.inputs.map { $0.map { Fact(planner.type($0), planner.shape($0), constant: planner.constant($0)) } }
    guard let axes = try? resize.resampledAxes(Inputs(Resize.name, facts), of: planner.shape(x)) else { return false }
    var passes: [(axis: Int, taps: [[(place: Int, weight: Double)]])] = []
    // Axes that shrink come first, as in the definition.
    let order = axes.indices.filter { !axes[$0].isUnchanged }.sorted { ratio(axes[$0]) < ratio(axes[$1]) }
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

  private static func ratio(_ axis: ResampledAxis) -> Double { Double(axis.output) / Double(max(axis.input, 1)) }

  /// The taps of each place, all of the same number; nil if a place is extrapolated, or there are far too many.
  private static func taps(_ axis: ResampledAxis, _ resize: Resize) -> [[(place: Int, weight: Double)]]? {
    guard axis.output <= PickedAxis.longestList else { return nil }
    var all: [[(place: Int, weight: Double)]] = []
    var most = 1
    for place in 0..<axis.output {
      guard let taps = resize.sampling.taps(place, axis, isCubic: resize.mode == .cubic) else { return nil }
      var reads: [(place: Int, weight: Double)] = []
      for (offset, weight) in taps.weights.enumerated() where weight != 0 {
        reads.append((min(max(taps.first + offset, 0), axis.input - 1), weight))
      }
      most = max(most, reads.count)
      all.append(reads)
    }
    guard most <= 64, !all.isEmpty else { return nil }
    // A tap of weight 0 would make a NaN of an infinity beside: the first one is halved instead.
    return all.map { reads in
      guard let first = reads.first else { return [(place: Int, weight: Double)](repeating: (0, 0), count: most) }
      let added = most - reads.count
      let share = (place: first.place, weight: first.weight / Double(added + 1))
      return [(place: Int, weight: Double)](repeating: share, count: added + 1) + reads.dropFirst()
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
