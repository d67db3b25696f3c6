import ModelGraph
import Testing

/// Split, Expand, Tile, GatherND, ScatterElements and their kind: operators that move elements or make shapes.
@Suite struct MovingTests {
  private func ints(_ values: Int64...) throws -> Tensor { try Tensor([values.count], values) }

  /// All outputs of `operation`, after checking that its shape rule predicts types and shapes.
  private func all(_ operation: Operator, _ inputs: [Tensor?]) throws -> [Tensor] {
    let count = try operation.infer(inputs.map { $0.map { Fact($0) } }).count
    return try (0..<count).map { try run(operation, inputs, output: $0) }
  }

  // MARK: Split

  @Test func splitTakesExtentsFromAnInputOrAnAttribute() throws {
    let parts = try all(try operation("Split", .int("axis", -1)), [try counting([2, 3]), ints(1, 0, 2)])
    #expect(parts.map { $0.shape } == [[2, 1], [2, 0], [2, 2]])
    #expect(parts.map { $0.doubles } == [[0, 3], [], [1, 2, 4, 5]])
    let old = AttributeReader("Split", opset: 11, inputCount: 1, outputCount: 2, attributes: [.ints("split", [1, 2])])
    let split = try Operator("Split", domain: .onnx, old)
    let inputs = [try counting([3])] + old.addedInputs.map { $0.tensor }
    #expect(try all(split, inputs).map { $0.doubles } == [[0], [1, 2]])
  }

  @Test func splitIntoEqualPartsCountsTheNodesOutputsBeforeOpset18() throws {
    for opset in [2, 11, 13] {
      let reader = AttributeReader("Split", opset: opset, inputCount: 1, outputCount: 3, attributes: [])
      let split = try Operator("Split", domain: .onnx, reader)
      #expect(try all(split, [try counting([6])]).map { $0.doubles } == [[0, 1], [2, 3], [4, 5]])
    }
    let uneven = try operation("Split", .int("num_outputs", 3))
    #expect(try all(uneven, [try counting([7])]).map { $0.count } == [3, 3, 1])
    #expect(try all(uneven, [try counting([4])]).map { $0.count } == [2, 2, 0])
  }

  @Test func splitRefusesWhatDoesNotAddUp() throws {
    let data = Fact(.float32, [5])
    let split = try operation("Split")
    #expect(refusal(split, [data])?.code == .wrongArity)
    #expect(refusal(split, [data, Fact(.int64, [2])])?.code == .notConstant)
    #expect(refusal(split, [data, Fact(try ints(2, 2))])?.code == .shapeMismatch)
    #expect(refusal(split, [data, Fact(try ints(6, -1))])?.code == .shapeMismatch)
    #expect(refusal(split, [data, Fact(try ints(.max, .max, 5))])?.code == .shapeMismatch)
    #expect(refusal(try operation("Split", .int("num_outputs", 4)), [data])?.code == .shapeMismatch)
    #expect(throws: GraphError.self) { try operation("Split", .int("num_outputs", 1 << 30)) }
    #expect(throws: GraphError.self) { try operation("Split", opset: 13, .int("num_outputs", 2)) }
    let both = try operation("Split", .int("num_outputs", 2))
    #expect(refusal(both, [data, Fact(try ints(2, 3))])?.code == .badAttribute)
  }

  @Test func aNodeMayNotListMoreOutputsThanItMakes() throws {
    let split = try operation("Split", .int("num_outputs", 2))
    #expect(throws: GraphError.self) { try split.infer([Fact(.float32, [4])], outputCount: 3) }
    #expect(try split.infer([Fact(.float32, [4])], outputCount: 2).count == 2)
  }

  @Test func aGraphReadsEveryPart() throws {
    var graph = Graph(name: "parts")
    let x = graph.addInput("x", Declaration(.float32, [.fixed(4)]))
    let (a, b) = (graph.addValue("a"), graph.addValue("b"))
    let split = try operation("Split", .int("num_outputs", 2))
    graph.nodes.append(Graph.Node("split", split, inputs: [x], outputs: [a, b]))
    graph.outputs = [graph.add(try operation("Sub"), "difference", [a, b]), b]
    let results = try graph.evaluate([try counting([4])])
    #expect(results.map { $0.doubles } == [[-2, -2], [2, 3]])
  }

  @Test func emptyPartsOfHugeTensorsCostNothing() throws {
    let empty = try Tensor(zeros: [2_147_483_647, 0])
    let parts = try all(try operation("Split", .int("axis", 1), .int("num_outputs", 2)), [empty])
    #expect(parts.map { $0.shape } == [[2_147_483_647, 0], [2_147_483_647, 0]])
    #expect(try run(try operation("EyeLike"), [empty]).count == 0)
    #expect(try run(try operation("Tile"), [empty, ints(1, 5)]).count == 0)
    let steps = try Tensor(zeros: [0, 2_147_483_647])
    let lengths = try Tensor(zeros: [0], type: .int64)
    let reverse = try operation("ReverseSequence", .int("batch_axis", 0), .int("time_axis", 1))
    #expect(try run(reverse, [steps, lengths]).count == 0)
  }

  // MARK: Expand, Tile

  @Test func expandBroadcastsBothWays() throws {
    let result = try run(try operation("Expand"), [try counting([3, 1]), ints(2, 1, 2)])
    #expect(result.shape == [2, 3, 2])
    #expect(result.doubles == [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2])
    #expect(try run(try operation("Expand"), [try Tensor(scalar: true), ints(2)]).doubles == [1, 1])
    #expect(refusal(try operation("Expand"), [Fact(.float32, [3]), Fact(try ints(2))])?.code == .shapeMismatch)
    #expect(refusal(try operation("Expand"), [Fact(.float32, [1]), Fact(try ints(-1))])?.code == .shapeMismatch)
    #expect(refusal(try operation("Expand"), [Fact(.float32, [1]), Fact(try ints(1 << 33))])?.code == .tooLarge)
  }

  @Test func tileRepeatsEachAxis() throws {
    let result = try run(try operation("Tile"), [try counting([2, 2]), ints(1, 2)])
    #expect(result.doubles == [0, 1, 0, 1, 2, 3, 2, 3])
    #expect(try run(try operation("Tile"), [try counting([2, 2]), ints(0, 2)]).shape == [0, 4])
    let tile = try operation("Tile")
    #expect(refusal(tile, [Fact(.float32, [2]), Fact(try ints(.max))])?.code == .tooLarge)
    #expect(refusal(tile, [Fact(.float32, [2]), Fact(try ints(-1))])?.code == .shapeMismatch)
    #expect(refusal(tile, [Fact(.float32, [2]), Fact(try ints(1, 1))])?.code == .shapeMismatch)
  }

  // MARK: Made tensors

  @Test func constantOfShapeFillsWithItsValue() throws {
    #expect(try run(try operation("ConstantOfShape"), [ints(2, 1)]).doubles == [0, 0])
    let value = Attribute("value", .tensor(try Tensor([1], [Int8(-3)])))
    let filled = try run(try operation("ConstantOfShape", value), [ints(3)])
    #expect(filled.type == .int8)
    #expect(filled.doubles == [-3, -3, -3])
    #expect(try run(try operation("ConstantOfShape", value), [try Tensor(zeros: [0], type: .int64)]).shape == [])
    #expect(refusal(try operation("ConstantOfShape"), [Fact(.int64, [1])])?.code == .notConstant)
    #expect(refusal(try operation("ConstantOfShape"), [Fact(try ints(-1))])?.code == .tooLarge)
  }

  @Test func rangeStopsBeforeItsLimit() throws {
    func range<Number: TensorElement>(_ start: Number, _ limit: Number, _ delta: Number) throws -> [Double] {
      let ends = try [start, limit, delta].map { try Tensor(scalar: $0) }
      return try run(try operation("Range"), ends).doubles
    }
    #expect(try range(Int32(1), 7, 2) == [1, 3, 5])
    #expect(try range(Int64(10), 4, -2) == [10, 8, 6])
    #expect(try range(Int64.max - 1, Int64.max, Int64.max) == [Double(Int64.max - 1)])
    #expect(try range(Int64.min, Int64.min + 1, 1).count == 1)
    #expect(try range(Int64(1), 4, -1) == [])
    #expect(isClose(try range(Float(0), 0.5, 0.2), [0, 0.2, 0.4]))
    let inputs = [Int64.min, Int64.max, 1].map { Fact(try! Tensor(scalar: $0)) }
    #expect(refusal(try operation("Range"), inputs)?.code == .tooLarge)
    for values in [[0, 1, 0], [0, Float.nan, 1], [0, .infinity, 1]] as [[Float]] {
      let facts = values.map { Fact(try! Tensor(scalar: $0)) }
      #expect(refusal(try operation("Range"), facts) != nil)
    }
  }

  @Test func sizeAndEyeLikeNeedOnlyTheShape() throws {
    #expect(try run(try operation("Size"), [try counting([2, 3])]).doubles == [6])
    #expect(try run(try operation("Size"), [try counting([2, 0])]).doubles == [0])
    let eye = try operation("EyeLike", .int("k", 1), .int("dtype", ElementType.bool.onnxNumber))
    let result = try run(eye, [try counting([2, 3])])
    #expect(result.type == .bool)
    #expect(result.doubles == [0, 1, 0, 0, 0, 1])
    #expect(try run(try operation("EyeLike", .int("k", -2)), [try counting([2, 3])]).doubles == [0, 0, 0, 0, 0, 0])
    #expect(refusal(try operation("EyeLike"), [Fact(.float32, [3])])?.code == .wrongRank)
  }

  @Test func oneHotPutsRowsAtItsAxis() throws {
    let values = try Tensor([2], [Float(5), 7])
    let indices = try ints(1, -1, 3, -4)
    let rows = try run(try operation("OneHot"), [indices, try Tensor(scalar: Int32(3)), values])
    #expect(rows.shape == [4, 3])
    #expect(rows.doubles == [5, 7, 5, 5, 5, 7, 5, 5, 5, 5, 5, 5])
    let columns = try run(
      try operation("OneHot", .int("axis", 0)), [try Tensor([2], [Float(0), 1]), ints(2), values])
    #expect(columns.doubles == [7, 5, 5, 7])
    let negative = Fact(try ints(-1))
    #expect(refusal(try operation("OneHot"), [Fact(.int64, [1]), negative, Fact(values)])?.code == .badInput)
  }

  @Test func triluKeepsATriangle() throws {
    let square = try counting([3, 3], from: 1)
    #expect(try run(try operation("Trilu"), [square]).doubles == [1, 2, 3, 0, 5, 6, 0, 0, 9])
    let lower = try operation("Trilu", .int("upper", 0))
    #expect(try run(lower, [square, try Tensor(scalar: Int64(1))]).doubles == [1, 2, 0, 4, 5, 6, 7, 8, 9])
    #expect(try run(lower, [square, try Tensor(scalar: Int64.min)]).doubles == [Double](repeating: 0, count: 9))
    #expect(try run(try operation("Trilu"), [try counting([2, 0, 3])]).count == 0)
  }

  // MARK: Gather and scatter

  @Test func gatherElementsTakesAnIndexForEachElement() throws {
    let result = try run(
      try operation("GatherElements", .int("axis", 1)),
      [try counting([2, 3]), try Tensor([2, 2], [Int32(2), 0, -1, 1])])
    #expect(result.doubles == [2, 0, 5, 4])
    let gather = try operation("GatherElements")
    #expect(refusal(gather, [Fact(.float32, [2, 2]), Fact(.int64, [1, 3])])?.code == .shapeMismatch)
    #expect(refusal(gather, [Fact(.float32, [2, 2]), Fact(.int64, [2])])?.code == .wrongRank)
    let error = #expect(throws: GraphError.self) { try gather.evaluate([try counting([2]), ints(.min)]) }
    #expect(error?.code == .badInput)
  }

  @Test func gatherNDTakesSlicesAtTuples() throws {
    let data = try counting([2, 2, 2])
    let slices = try run(try operation("GatherND"), [data, try Tensor([2, 2], [Int64(0), 1, -1, 0])])
    #expect(slices.doubles == [2, 3, 4, 5])
    let batched = try run(
      try operation("GatherND", .int("batch_dims", 1)), [data, try Tensor([2, 1], [Int64(1), 0])])
    #expect(batched.shape == [2, 2])
    #expect(batched.doubles == [2, 3, 4, 5])
    let gather = try operation("GatherND")
    #expect(refusal(gather, [Fact(.float32, [2]), Fact(.int64, [1, 2])])?.code == .shapeMismatch)
    #expect(refusal(gather, [Fact(.float32, [2]), Fact(.int64, [1, 0])])?.code == .shapeMismatch)
    #expect(throws: GraphError.self) { try gather.evaluate([try counting([2]), try Tensor([1, 1], [Int64(2)])]) }
  }

  @Test(
    arguments: [
      ("none", [30, 10, 20]), ("add", [31, 10, 23]), ("mul", [30, 10, 60]), ("max", [30, 10, 20]), ("min", [1, 10, 3]),
    ] as [(String, [Double])])
  func scatterReduces(_ reduction: String, _ expected: [Double]) throws {
    let scatter = try operation("ScatterElements", .string("reduction", reduction))
    let data = try Tensor([3], [Int8(1), 10, 3])
    #expect(try run(scatter, [data, ints(-1, 0), try Tensor([2], [Int8(20), 30])]).doubles == expected)
    let slices = try operation("ScatterND", .string("reduction", reduction))
    let indices = try Tensor([2, 1], [Int64(2), -3])
    #expect(try run(slices, [data, indices, try Tensor([2], [Int8(20), 30])]).doubles == expected)
  }

  @Test func scatterKeepsNaN() throws {
    let data = try Tensor([2], [Float.nan, 1])
    let updates = try Tensor([2], [Float(1), .nan])
    for reduction in ["max", "min", "add"] {
      let scatter = try operation("ScatterElements", .string("reduction", reduction))
      #expect(try run(scatter, [data, ints(0, 1), updates]).doubles.allSatisfy { $0.isNaN })
    }
    #expect(throws: GraphError.self) { try operation("ScatterND", opset: 16, .string("reduction", "max")) }
    #expect(throws: GraphError.self) { try operation("ScatterElements", opset: 13, .string("reduction", "add")) }
  }

  @Test func scatterWritesRowsOneAfterTheOther() throws {
    let data = try counting([2, 2])
    let indices = try Tensor([2, 1], [Int64(1), 1])
    let updates = try counting([2, 2], from: 10)
    #expect(try run(try operation("ScatterND"), [data, indices, updates]).doubles == [0, 1, 12, 13])
    let add = try operation("ScatterND", .string("reduction", "add"))
    #expect(try run(add, [data, indices, updates]).doubles == [0, 1, 24, 27])
    #expect(
      refusal(add, [Fact(data), Fact(indices), Fact(.float32, [2, 3])])?.code == .shapeMismatch)
    // The older name of ScatterElements.
    let old = try operation("Scatter", opset: 9, .int("axis", 1))
    #expect(old.name == "ScatterElements")
    #expect(try run(old, [data, try Tensor([2, 1], [Int64(1), 0]), updates.columns(1)]).doubles == [0, 10, 12, 3])
  }

  // MARK: Blocks and sequences

  @Test func depthAndSpaceAreInverse() throws {
    let deep = try counting([1, 8, 1, 2])
    for mode in ["DCR", "CRD"] {
      let wide = try run(try operation("DepthToSpace", .int("blocksize", 2), .string("mode", mode)), [deep])
      #expect(wide.shape == [1, 2, 2, 4])
      #expect(Array(wide.doubles[..<4]) == (mode == "DCR" ? [0, 4, 1, 5] : [0, 2, 1, 3]))
      let back = try operation("SpaceToDepth", opset: 28, .int("blocksize", 2), .string("mode", mode))
      #expect(try run(back, [wide]).doubles == deep.doubles)
    }
    let large = try operation("DepthToSpace", .int("blocksize", 65536))
    #expect(refusal(large, [Fact(.float32, [1, 4, 1, 1])])?.code == .shapeMismatch)
    #expect(throws: GraphError.self) { try operation("SpaceToDepth", .int("blocksize", 0)) }
    #expect(refusal(try operation("SpaceToDepth", .int("blocksize", 2)), [Fact(.float32, [1, 1, 3, 2])]) != nil)
  }

  @Test func reverseSequenceLeavesTheRest() throws {
    let data = try counting([2, 3])
    let byRow = try operation("ReverseSequence", .int("batch_axis", 0), .int("time_axis", 1))
    #expect(try run(byRow, [data, ints(0, 2)]).doubles == [0, 1, 2, 4, 3, 5])
    #expect(try run(try operation("ReverseSequence"), [data, ints(2, 1, 0)]).doubles == [3, 1, 2, 0, 4, 5])
    #expect(throws: GraphError.self) { try byRow.evaluate([data, ints(4, 0)]) }
    #expect(refusal(byRow, [Fact(data), Fact(.int64, [3])])?.code == .shapeMismatch)
  }
}

extension Tensor {
  /// The first columns of a float matrix.
  fileprivate func columns(_ count: Int) throws -> Tensor {
    let values = array(of: Float.self)
    let width = shape[1]
    return try Tensor([shape[0], count], values.indices.filter { $0 % width < count }.map { values[$0] })
  }
}
