import ModelGraph
import Testing

/// Transpose, Slice, Gather, Pad, Concat: operators that move elements.
@Suite struct PickingTests {
  private func ints(_ values: [Int64]) throws -> Tensor { try Tensor([values.count], values) }

  // MARK: Transpose

  @Test func transposeReversesOrPermutes() throws {
    let data = try counting([2, 3])
    #expect(try run(try operation("Transpose"), [data]).doubles == [0, 3, 1, 4, 2, 5])
    let result = try run(try operation("Transpose", .ints("perm", [1, 2, 0])), [try counting([2, 1, 3])])
    #expect(result.shape == [1, 3, 2])
    #expect(result.doubles == [0, 3, 1, 4, 2, 5])
  }

  @Test func transposeMovesEveryElementType() throws {
    let bytes = try Tensor([2, 2], [1, 2, 3, 4] as [Int8])
    #expect(try run(try operation("Transpose"), [bytes]).doubles == [1, 3, 2, 4])
    let wide = try Tensor([2, 2], [1, 2, 3, 4] as [Int64])
    #expect(try run(try operation("Transpose"), [wide]).doubles == [1, 3, 2, 4])
  }

  @Test func transposeRefusesWhatIsNoOrder() throws {
    let transpose = try operation("Transpose", .ints("perm", [0, 0]))
    #expect(refusal(transpose, [Fact(.float32, [2, 3])])?.code == .badAttribute)
  }

  @Test func emptyTensorsWithHugeExtentsCostNothing() throws {
    let empty = try Tensor(zeros: [2_147_483_647, 0])
    #expect(try run(try operation("Transpose"), [empty]).shape == [0, 2_147_483_647])
  }

  // MARK: Slice

  private func slice(_ data: Tensor, _ starts: [Int64], _ ends: [Int64], _ axes: [Int64]?, _ steps: [Int64]?) throws
    -> Tensor
  {
    try run(
      try operation("Slice"),
      [data, ints(starts), ints(ends), try axes.map { try ints($0) }, try steps.map { try ints($0) }])
  }

  @Test func sliceCountsFromBothEndsAndClamps() throws {
    let row = try counting([6])
    #expect(try slice(row, [1], [4], nil, nil).doubles == [1, 2, 3])
    #expect(try slice(row, [-2], [.max], nil, nil).doubles == [4, 5])
    #expect(try slice(row, [0], [99], nil, [2]).doubles == [0, 2, 4])
    #expect(try slice(row, [4], [1], nil, nil).doubles == [])
  }

  @Test func sliceRunsBackwards() throws {
    let row = try counting([6])
    #expect(try slice(row, [-1], [.min], nil, [-1]).doubles == [5, 4, 3, 2, 1, 0])
    #expect(try slice(row, [99], [0], nil, [-2]).doubles == [5, 3, 1])
    #expect(try slice(try counting([0]), [.max], [.min], nil, [.min]).doubles == [])
    #expect(try slice(row, [.max], [.min], nil, [.min]).doubles == [5])
  }

  @Test func sliceTakesOnlyTheNamedAxes() throws {
    let result = try slice(try counting([2, 3]), [1], [3], [-1], nil)
    #expect(result.shape == [2, 2])
    #expect(result.doubles == [1, 2, 4, 5])
  }

  @Test func sliceRefusesStepZeroAndUnequalLengths() throws {
    let row = try counting([6])
    #expect(throws: GraphError.self) { try slice(row, [0], [1], nil, [0]) }
    #expect(throws: GraphError.self) { try slice(row, [0], [1, 2], nil, nil) }
    #expect(throws: GraphError.self) { try slice(row, [0, 0], [1, 2], [0, 0], nil) }
  }

  @Test func sliceOfOldOpsetsBecomesInputs() throws {
    let reader = AttributeReader(
      "Slice", opset: 9, inputCount: 1, attributes: [.ints("starts", [1]), .ints("ends", [1 << 40])])
    let slice = try Operator("Slice", domain: .onnx, reader)
    let result = try run(slice, [try counting([3])] + reader.addedInputs.map { $0.tensor })
    #expect(result.doubles == [1, 2])
  }

  // MARK: Gather

  @Test func gatherReplacesTheAxisByTheIndices() throws {
    let result = try run(
      try operation("Gather", .int("axis", 1)),
      [try counting([2, 3]), try Tensor([2, 1], [Int32(2), -3])])
    #expect(result.shape == [2, 2, 1])
    #expect(result.doubles == [2, 0, 5, 3])
    let scalar = try run(try operation("Gather"), [try counting([3]), try Tensor(scalar: Int64(-1))])
    #expect(scalar.shape == [])
    #expect(scalar.doubles == [2])
  }

  @Test(arguments: [3, -4, .max, .min] as [Int64])
  func gatherRefusesAnIndexOutside(_ index: Int64) throws {
    let gather = try operation("Gather")
    let inputs = [try counting([3]), try Tensor(scalar: index)]
    let error = #expect(throws: GraphError.self) { try gather.evaluate(inputs) }
    #expect(error?.code == .badInput)
  }

  // MARK: Pad

  private func pad(_ mode: String, _ data: Tensor, _ pads: [Int64], value: Tensor? = nil, axes: [Int64]? = nil) throws
    -> Tensor
  {
    try run(
      try operation("Pad", .string("mode", mode)), [data, ints(pads), value, try axes.map { try ints($0) }])
  }

  @Test func padFillsByMode() throws {
    let row = try counting([3])
    #expect(try pad("constant", row, [2, 1]).doubles == [0, 0, 0, 1, 2, 0])
    #expect(try pad("constant", row, [1, 0], value: try Tensor(scalar: Float(9))).doubles == [9, 0, 1, 2])
    #expect(try pad("edge", row, [2, 1]).doubles == [0, 0, 0, 1, 2, 2])
    #expect(try pad("reflect", row, [2, 2]).doubles == [2, 1, 0, 1, 2, 1, 0])
    #expect(try pad("wrap", row, [2, 1]).doubles == [1, 2, 0, 1, 2, 0])
  }

  @Test func padGoesOnMirroringPastTheFarEnd() throws {
    #expect(try pad("reflect", try counting([3]), [5, 0]).doubles == [1, 0, 1, 2, 1, 0, 1, 2])
    #expect(try pad("reflect", try counting([1]), [2, 1]).doubles == [0, 0, 0, 0])
  }

  @Test func negativePadsTakeAway() throws {
    let row = try counting([5])
    #expect(try pad("constant", row, [-2, 1]).doubles == [2, 3, 4, 0])
    #expect(try pad("edge", row, [-2, 2]).doubles == [2, 3, 4, 4, 4])
    #expect(throws: GraphError.self) { try pad("constant", row, [-3, -3]) }
  }

  @Test func padTakesOnlyTheNamedAxes() throws {
    let result = try pad("constant", try counting([2, 2]), [1, 0], axes: [-1])
    #expect(result.shape == [2, 3])
    #expect(result.doubles == [0, 0, 1, 0, 2, 3])
  }

  @Test func padRefusesWhatCannotBe() throws {
    #expect(throws: GraphError.self) { try pad("edge", try counting([0]), [1, 0]) }
    #expect(throws: GraphError.self) { try pad("constant", try counting([1]), [.max, .max]) }
    #expect(throws: GraphError.self) { try pad("constant", try counting([1]), [1, 2, 3]) }
    #expect(throws: GraphError.self) {
      try pad("constant", try counting([1]), [1, 1], value: try Tensor(scalar: Int32(1)))
    }
    #expect(throws: GraphError.self) { try operation("Pad", .string("mode", "mirror")) }
    #expect(throws: GraphError.self) { try operation("Pad", opset: 18, .string("mode", "wrap")) }
  }

  @Test func padOfOldOpsetsBecomesInputs() throws {
    let reader = AttributeReader(
      "Pad", opset: 10, inputCount: 1, attributes: [.ints("pads", [1, 0]), .float("value", 7)])
    let pad = try Operator("Pad", domain: .onnx, reader)
    #expect(try run(pad, [try counting([2])] + reader.addedInputs.map { $0.tensor }).doubles == [7, 0, 1])
  }

  // MARK: Concat

  @Test func concatJoinsAlongAnyAxis() throws {
    let (a, b) = (try counting([2, 1]), try counting([2, 2], from: 10))
    let result = try run(try operation("Concat", .int("axis", -1)), [a, b])
    #expect(result.shape == [2, 3])
    #expect(result.doubles == [0, 10, 11, 1, 12, 13])
    let empty = try Tensor(zeros: [0, 2])
    #expect(try run(try operation("Concat", .int("axis", 0)), [empty, b]).doubles == [10, 11, 12, 13])
  }

  @Test func concatRefusesUnlikeParts() throws {
    let concat = try operation("Concat", .int("axis", 0))
    #expect(refusal(concat, [Fact(.float32, [2, 1]), Fact(.float32, [2, 2])])?.code == .shapeMismatch)
    #expect(refusal(concat, [Fact(.float32, [2]), Fact(.int64, [2])])?.code == .typeMismatch)
    #expect(refusal(concat, [Fact(.float32, []), Fact(.float32, [])])?.code == .badAttribute)
    #expect(refusal(concat, [Fact(.float32, [2]), nil])?.code == .wrongArity)
  }
}
