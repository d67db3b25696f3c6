import Inference
import ModelGraph
import TestSupport
import Testing

/// Operators that only pick elements, against their definitions.
@Suite struct PickTests {
  /// Every way to pick elements, from values in either layout.
  @Test(arguments: [false, true]) func picking(_ isChannelsLast: Bool) throws {
    let shape: Shape = [2, 8, 6, 10]
    func vector(_ values: [Int64], _ sketch: inout Sketch) throws -> Int? { try sketch.ints(values) }
    let cases: [(String, [[Int64]?], [Attribute])] = [
      ("Slice", [[1], [7], [1], [2]], []), ("Slice", [[5, 9], [-7, -11], [2, 3], [-2, -1]], []),
      ("Slice", [[0], [3], [1]], []), ("Slice", [[2, 1], [5, 8], [3, 2]], []),
      ("Transpose", [], [.ints("perm", [0, 2, 3, 1])]), ("Transpose", [], [.ints("perm", [0, 3, 1, 2])]),
      ("Transpose", [], [.ints("perm", [3, 2, 1, 0])]), ("Transpose", [], [.ints("perm", [0, 1, 3, 2])]),
      ("Transpose", [], [.ints("perm", [1, 0, 2, 3])]), ("Pad", [[0, 0, 1, 2, 0, 0, 3, 0]], []),
      ("Pad", [[0, 2, -1, 1, 1, 0, 2, -3]], []), ("Pad", [[0, 0, 2, 2, 0, 0, 2, 2]], [.string("mode", "reflect")]),
      ("Pad", [[0, 0, 2, 0, 0, 0, 0, 2]], [.string("mode", "edge")]), ("Gather", [[3, 0, -1]], [.int("axis", 1)]),
      ("Gather", [[2, 2, 5]], [.int("axis", 2)]), ("Expand", [[3, 1, 1, 1, 1]], []), ("Tile", [[1, 2, 1, 3]], []),
      ("DepthToSpace", [], [.int("blocksize", 2)]),
      ("DepthToSpace", [], [.int("blocksize", 2), .string("mode", "CRD")]),
      ("SpaceToDepth", [], [.int("blocksize", 2)]),
    ]
    for (name, settings, attributes) in cases {
      var sketch = Sketch(seed: 3)
      var x = sketch.input(shape)
      if isChannelsLast {
        x = try sketch.node("Conv", [x, try sketch.constant([8, 8, 1, 1])])
      } else {
        x = try sketch.node("Neg", [x])
      }
      let inputs = try settings.map { try $0.map { try sketch.ints($0) } }
      let picked = try sketch.node(name, [x] + inputs, attributes)
      sketch.output(picked)
      sketch.output(try sketch.node("Relu", [picked]))
      try sketch.check()
    }
  }
  @Test func pickingALoneIndex() throws {
    for axis in 0..<4 {
      var sketch = Sketch(seed: 4)
      let x = try sketch.node("Conv", [sketch.input([3, 8, 5, 7]), try sketch.constant([8, 8, 1, 1])])
      let index = sketch.constant(try Tensor(scalar: Int64(-2)))
      sketch.output(try sketch.node("Gather", [x, index], [.int("axis", axis)]))
      try sketch.check()
    }
  }

  @Test(arguments: [1, 2, 3]) func splitting(_ axis: Int) throws {
    var sketch = Sketch(seed: 5)
    let x = try sketch.node("Conv", [sketch.input([2, 8, 8, 8]), try sketch.constant([8, 8, 1, 1])])
    let parts = (0..<3).map { sketch.graph.addValue("part \($0)") }
    sketch.graph.nodes.append(
      Graph.Node(
        "split", .split(SplitOperator(axis: axis)), inputs: [x, try sketch.ints([1, 5, 2])],
        outputs: [parts[0], nil, parts[2]]))
    sketch.output(try sketch.node("Conv", [parts[2], try sketch.constant([3, axis == 1 ? 2 : 8, 1, 1])]))
    sketch.output(parts[0])
    let ends = (0..<2).map { sketch.graph.addValue("end \($0)") }
    sketch.graph.nodes.append(
      Graph.Node(
        "nothing", .split(SplitOperator(axis: axis)), inputs: [x, try sketch.ints([8, 0])], outputs: [ends[0], ends[1]])
    )
    sketch.output(try sketch.node("Concat", [ends[1], ends[0]], [.int("axis", axis)]))
    try sketch.check(references: 1)
  }

  /// The input of the network itself, read where the caller has it; other element types.
  @Test func pickingFromAnInput() throws {
    for type in [ElementType.float32, .float64, .float16, .int8, .int64, .bool] {
      var sketch = Sketch(seed: 6)
      let x = sketch.input([2, 3, 4, 5], type)
      sketch.output(try sketch.node("Transpose", [x], [.ints("perm", [2, 0, 3, 1])]))
      sketch.output(
        try sketch.node(
          "Slice", [x, try sketch.ints([3]), try sketch.ints([-9]), try sketch.ints([3]), try sketch.ints([-1])]))
      let numbers = try sketch.noise.tensor([2, 3, 4, 5], scale: 50).converted(to: type)
      let engine = try Engine(sketch.graph, options: EngineOptions(threads: 2))
      #expect(engine.profile.allSatisfy { $0.kernel == "pick" })
      for (found, wanted) in zip(try engine.run([numbers]), try sketch.graph.evaluate([numbers])) {
        #expect(found.shape == wanted.shape && found.doubles == wanted.doubles, "\(type)")
      }
    }
  }
  /// The value that Pad adds, in the type of the data, and as the float that the attribute of old opsets is.
  @Test func padding() throws {
    for type in [ElementType.float32, .float64, .float16, .bfloat16, .int8, .int64] {
      for wasAttribute in type.isFloat ? [false, true] : [false] {
        var sketch = Sketch(seed: 7)
        let x = sketch.input([2, 3], type)
        let value = try Tensor(scalar: Float(-2.5)).converted(to: wasAttribute ? .float32 : type)
        sketch.output(try sketch.node("Pad", [x, try sketch.ints([1, 0, 0, 2]), sketch.constant(value)]))
        let numbers = try sketch.noise.tensor([2, 3], scale: 50).converted(to: type)
        let engine = try Engine(sketch.graph)
        #expect(engine.profile.contains { $0.kernel == "pick" })
        let (found, wanted) = (try engine.run([numbers])[0], try sketch.graph.evaluate([numbers])[0])
        #expect(found.doubles == wanted.doubles, "\(type), \(wasAttribute)")
        #expect(wanted.doubles.first == (type.isFloat ? -2.5 : -2))
      }
    }
  }
}
