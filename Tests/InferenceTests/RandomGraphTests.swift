import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// Random networks, unchanged and after the passes, against their definition.
@Suite struct RandomGraphTests {
  @Test(arguments: 0..<30) func randomNetwork(_ seed: Int) throws {
    var sketch = Sketch(seed: seed + 100)
    let extents = [[3, 3, 17, 23], [1, 24, 5, 7], [2, 5, 7, 24]][seed % 3]
    var living = [(sketch.input(Shape(extents)), Shape(extents))]
    for _ in 0..<sketch.noise.int(5...14) {
      let (x, shape) = living[sketch.noise.int(max(0, living.count - 3)...living.count - 1)]
      let channels = shape[1]
      switch sketch.noise.int(0...9) {
      case 0...3:
        let filters = [1, 5, 16, 24, 33][sketch.noise.int(0...4)]
        let kernel = [1, 3][sketch.noise.int(0...1)]
        let stride = shape[2] > 4 && shape[3] > 4 && sketch.noise.chance(4) ? 2 : 1
        let w = try sketch.constant([filters, channels, kernel, kernel], scale: 1 / Float(channels))
        let pads = [Int](repeating: kernel / 2, count: 4)
        let y = try sketch.node(
          "Conv", [x, w, try sketch.constant([filters])], [.ints("pads", pads), .ints("strides", [stride, stride])])
        let size = [2, 3].map { (shape[$0] + stride - 1) / stride }
        living.append((y, Shape([shape[0], filters, size[0], size[1]])))
      case 4: living.append((try sketch.node("Relu", [x]), shape))
      case 5:
        let same = living.filter { $0.1 == shape }
        living.append((try sketch.node("Add", [x, same[sketch.noise.int(0...same.count - 1)].0]), shape))
      case 6:
        let pads: [Attribute] = [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1])]
        living.append((try sketch.node(sketch.noise.chance(2) ? "MaxPool" : "AveragePool", [x], pads), shape))
      case 7:
        let parameters = try (0..<3).map { _ in try sketch.constant([channels]) }
        let variance = try Tensor([channels], sketch.noise.floats(channels).map { abs($0) + 0.5 })
        living.append((try sketch.node("BatchNormalization", [x] + parameters + [sketch.constant(variance)]), shape))
      case 8:
        let gate = try sketch.node("Sigmoid", [try sketch.node("GlobalAveragePool", [x])])
        living.append((try sketch.node("Mul", [x, gate]), shape))
      default:
        let same = living.filter { $0.1[2] == shape[2] && $0.1[3] == shape[3] }
        let other = same[sketch.noise.int(0...same.count - 1)]
        let joined = Shape([shape[0], channels + other.1[1], shape[2], shape[3]])
        living.append((try sketch.node("Concat", [x, other.0], [.int("axis", 1)]), joined))
      }
    }
    for (id, _) in living.suffix(2) { sketch.output(id) }
    let (last, _) = living[living.count - 1]
    sketch.output(try sketch.node("Flatten", [try sketch.node("GlobalAveragePool", [last])]))
    try sketch.check(tolerance: 3e-5)
    _ = try PassPipeline.optimize(&sketch.graph)
    try sketch.check(tolerance: 3e-5)
  }

  /// The same with constants in place of values anywhere (inputs of a Conv, residuals, parts of a Concat, outputs), one
  /// and two spatial axes, groups and fused activations; unchanged, so that no pass folds the constants, and after the
  /// passes.
  @Test(arguments: 0..<40) func constantsAnywhere(_ seed: Int) throws {
    var sketch = Sketch(seed: seed + 500)
    let plane = seed % 2 == 0 ? [9, 7] : [23]
    var channels = [4, 16, 24, 6][seed % 4]
    let start = Shape([seed % 3 + 1, channels] + plane)
    var living = [sketch.input(start)]
    // A value of the current shape: an earlier one, or a constant.
    func value(_ sketch: inout Sketch) throws -> Int {
      if sketch.noise.chance(3) { return try sketch.constant(Shape([start[0], channels] + plane)) }
      return living[sketch.noise.int(0...living.count - 1)]
    }
    for _ in 0..<sketch.noise.int(6...12) {
      let x = try value(&sketch)
      switch sketch.noise.int(0...7) {
      case 0...2:
        let group = [1, 2, channels][sketch.noise.int(0...2)]
        let filters = group == channels ? channels : [channels, 16, 24][sketch.noise.int(0...2)]
        let kernel = [1, 3][sketch.noise.int(0...1)]
        let w = try sketch.constant(
          Shape([filters, channels / group] + plane.map { _ in kernel }), scale: 1 / Float(channels / group))
        var operands: [Int?] = [x, w, sketch.noise.chance(2) ? try sketch.constant([filters]) : nil]
        var attributes: [Attribute] = [
          .ints("pads", [Int](repeating: kernel / 2, count: 2 * plane.count)), .int("group", group),
        ]
        let isFused = sketch.noise.chance(2)
        if isFused {
          if filters == channels, sketch.noise.chance(2) { operands.append(try value(&sketch)) }
          attributes.append(.string("activation", ["Relu", "Sigmoid"][sketch.noise.int(0...1)]))
        }
        let y = try sketch.node(
          isFused ? "FusedConv" : "Conv", operands, attributes, domain: isFused ? .microsoft : .onnx)
        if filters != channels {
          channels = filters
          living = []
        }
        living.append(y)
      case 3: living.append(try sketch.node(["Add", "Mul", "Sub"][sketch.noise.int(0...2)], [x, value(&sketch)]))
      case 4:
        let spread = try sketch.constant(Shape([1, channels] + plane.map { _ in 1 }))
        living.append(try sketch.node("Add", sketch.noise.chance(2) ? [x, spread] : [spread, x]))
      case 5:
        let window: [Attribute] = [
          .ints("kernel_shape", plane.map { _ in 3 }), .ints("pads", [Int](repeating: 1, count: 2 * plane.count)),
        ]
        living.append(try sketch.node(["MaxPool", "AveragePool"][sketch.noise.int(0...1)], [x], window))
      case 6:
        let parameters = try (0..<3).map { _ in try sketch.constant([channels]) }
        let variance = try Tensor([channels], sketch.noise.floats(channels).map { abs($0) + 0.5 })
        living.append(try sketch.node("BatchNormalization", [x] + parameters + [sketch.constant(variance)]))
      default:
        let y = try sketch.node("Concat", [x, value(&sketch)], [.int("axis", 1)])
        guard channels <= 24 else { continue }
        channels *= 2
        living = [y]
      }
    }
    let (last, other) = (living[living.count - 1], try value(&sketch))
    sketch.output(last)
    sketch.output(other)
    sketch.output(sketch.graph.inputs[0])
    sketch.output(try sketch.node("Flatten", [sketch.node("GlobalMaxPool", [value(&sketch)])]))
    try sketch.check(tolerance: 3e-5, references: nil)
    _ = try PassPipeline.optimize(&sketch.graph)
    try sketch.check(tolerance: 3e-5, references: nil)
  }

  private static let nodes = RandomNodes()

  /// Graphs of all operators and layouts, of every type: `RandomGraph` says how far a run may be from the definitions.
  /// tools/random-graphs compares with onnxruntime.
  @Test(arguments: 0..<400) func anything(_ seed: Int) throws {
    var graph = RandomGraph(seed: seed + 1000)
    let (count, layouts) = (graph.int(3...10), graph.choice([1, 2, 100]))
    var attempts = 0
    while graph.values.count(where: { !$0.isFresh }) < count, attempts < 200 {
      attempts += 1
      if graph.chance(layouts) {
        try attempt(&graph) { try RandomLayouts.all[$0.below(RandomLayouts.all.count)].layout(&$0) }
      } else {
        let name = graph.choice(RandomGraphTests.nodes.names)
        try attempt(&graph) { try RandomGraphTests.nodes.makers[name]?(&$0, name) }
      }
    }
    try graph.check(seed)
  }

  /// Each operator, alone and with others behind it.
  @Test(arguments: nodes.names) func everyOperator(_ name: String) throws {
    for seed in 0..<3 {
      var graph = RandomGraph(seed: seed + 2000)
      for _ in 0..<60 where !graph.drawn.contains(name) {
        try attempt(&graph) { try RandomGraphTests.nodes.makers[name]?(&$0, name) }
      }
      #expect(graph.drawn.contains(name), "seed \(seed)")
      for _ in 0..<2 * seed {
        let other = graph.choice(RandomGraphTests.nodes.names)
        try attempt(&graph) { try RandomGraphTests.nodes.makers[other]?(&$0, other) }
      }
      try graph.check(seed)
    }
  }

  @Test(arguments: RandomLayouts.all.indices) func everyLayout(_ index: Int) throws {
    for seed in 0..<6 {
      var graph = RandomGraph(seed: seed + 3000)
      var isDone = false
      for _ in 0..<30 where !isDone { isDone = try attempt(&graph) { try RandomLayouts.all[index].layout(&$0) } }
      #expect(isDone, "\(RandomLayouts.all[index].name), seed \(seed)")
      if seed > 2 { try attempt(&graph) { _ = try RandomLayouts.activation(&$0, $0.map()) } }
      try graph.check(seed)
    }
  }

  /// Draws; false if that did not suit. What was drawn before stays.
  @discardableResult
  private func attempt(_ graph: inout RandomGraph, _ draw: (inout RandomGraph) throws -> Void) throws -> Bool {
    do { try draw(&graph) } catch is RandomGraph.Unfit { return false } catch is GraphError { return false }
    return true
  }

  @Test func noOperatorIsForgotten() throws {
    // A branch's nodes are the graph's own (`inlineBranches`).
    let missing = try Operator.every().map { ($0.domain == .microsoft ? "com.microsoft." : "") + $0.name }
      .filter { RandomGraphTests.nodes.makers[$0] == nil && $0 != "If" }
    #expect(missing.isEmpty)
  }
}
