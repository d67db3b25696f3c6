import ModelGraph
import Testing

/// TopK, NonZero, Compress, Unique, NonMaxSuppression: operators that choose elements; and those that read a picture
/// at given positions.
@Suite struct SelectionTests {
  private func ints(_ values: Int64...) throws -> Tensor { try Tensor([values.count], values) }

  // MARK: TopK

  private func top(_ x: Tensor, _ k: Int64, _ attributes: Attribute...) throws -> (values: [Double], indices: [Double])
  {
    let operation = try Operator(
      "TopK", domain: .onnx, AttributeReader("TopK", opset: 21, inputCount: 2, attributes: attributes))
    return (try run(operation, [x, ints(k)]).doubles, try run(operation, [x, ints(k)], output: 1).doubles)
  }

  @Test func topKSortsAndTakesTheFirstOfEqualOnes() throws {
    let x = try Tensor([6], [Float(1), 3, 2, 3, 0, 3])
    #expect(try top(x, 3) == ([3, 3, 3], [1, 3, 5]))
    #expect(try top(x, 4) == ([3, 3, 3, 2], [1, 3, 5, 2]))
    #expect(try top(x, 6).values == [3, 3, 3, 2, 1, 0])
    #expect(try top(x, 2, .flag("largest", false)) == ([0, 1], [4, 0]))
    #expect(try top(x, 0) == ([], []))
  }

  @Test func topKTakesNaNForTheLargest() throws {
    let x = try Tensor([5], [Float(1), .nan, -.infinity, .infinity, .nan])
    let largest = try top(x, 3)
    #expect(largest.indices == [1, 4, 3])
    #expect(try top(x, 3, .flag("largest", false)).indices == [2, 0, 3])
    #expect(try top(x, 5, .flag("largest", false)).indices == [2, 0, 3, 1, 4])
  }

  @Test func topKWorksAlongAnyAxisAndOnWideIntegers() throws {
    let x = try Tensor([3, 2], [Int64(1), 6, 5, 2, 3, 4])
    #expect(try top(x, 2, .int("axis", 0)) == ([5, 6, 3, 4], [1, 0, 2, 2]))
    let wide = try Tensor([2], [Int64.max - 1, .max])
    #expect(try top(wide, 1).indices == [1])
    #expect(try top(try Tensor([2], [UInt64.max, 1]), 1).indices == [0])
    let many = try Tensor([1000], (0..<1000).map { Float($0 * 7919 % 1000) })
    #expect(try top(many, 5).values == [999, 998, 997, 996, 995])
  }

  @Test func topKRefusesTooMany() throws {
    let topK = try operation("TopK")
    #expect(refusal(topK, [Fact(.float32, [2]), Fact(try ints(3))])?.code == .badInput)
    #expect(refusal(topK, [Fact(.float32, [2]), Fact(try ints(-1))])?.code == .badInput)
    #expect(refusal(topK, [Fact(.float32, [2]), Fact(.int64, [1])])?.code == .notConstant)
    #expect(refusal(topK, [Fact(.bool, [2]), Fact(try ints(1))])?.code == .typeMismatch)
    let old = AttributeReader("TopK", opset: 1, inputCount: 1, attributes: [.int("k", 2)])
    _ = try Operator("TopK", domain: .onnx, old)
    #expect(old.addedInputs.map { $0.tensor.doubles } == [[2]])
  }

  // MARK: Shapes that depend on values

  @Test func nonZeroListsIndices() throws {
    let x = try Tensor([2, 2], [Float(1), 0, -0.0, .nan])
    let y = try run(try operation("NonZero"), [x])
    #expect(y.shape == [2, 2])
    #expect(y.doubles == [0, 1, 0, 1])
    #expect(try run(try operation("NonZero"), [try Tensor(scalar: Float(3))]).shape == [0, 1])
    #expect(try run(try operation("NonZero"), [try Tensor(zeros: [2, 0])]).shape == [2, 0])
    #expect(refusal(try operation("NonZero"), [Fact(.float32, [2])])?.code == .notConstant)
  }

  /// A shape rule does not compute with many values, the definition does.
  @Test func manyValuesAreLeftToTheRun() throws {
    let x = try Tensor([1 << 17], [UInt8](repeating: 1, count: 1 << 17))
    let unique = try operation("Unique")
    #expect(refusal(unique, [Fact(x)])?.code == .notConstant)
    #expect(try unique.evaluate([x]).map { $0.count } == [1, 1, 1 << 17, 1])
    #expect(throws: GraphError.self) { try unique.evaluate([x], mostBytes: 1 << 17) }
  }

  @Test func compressKeepsWhereTheConditionHolds() throws {
    let condition = try Tensor([3], [false, true, true])
    let rows = try run(try operation("Compress", .int("axis", 0)), [try counting([2, 2]), condition])
    #expect(rows.doubles == [2, 3])
    #expect(try run(try operation("Compress"), [try counting([2, 2]), condition]).doubles == [1, 2])
    #expect(refusal(try operation("Compress"), [Fact(.float32, [2]), Fact(.bool, [2])])?.code == .notConstant)
    #expect(refusal(try operation("Compress"), [Fact(.float32, [2]), Fact(.int64, [2])])?.code == .typeMismatch)
  }

  @Test func uniqueGivesItsFourOutputs() throws {
    let x = try Tensor([7], [Float.nan, 1, .nan, 2, 1, -0.0, 0])
    let unique = try operation("Unique")
    let results = try (0..<4).map { try run(unique, [x], output: $0).doubles }
    #expect(Array(results[0][..<3]) == [0, 1, 2])
    #expect(results[1] == [5, 1, 3, 0])
    #expect(results[2] == [3, 1, 3, 2, 1, 0, 0])
    #expect(results[3] == [2, 2, 1, 2])
    let unsorted = try run(try operation("Unique", .flag("sorted", false)), [try ints(2, 1, 1, 3)])
    #expect(unsorted.doubles == [2, 1, 3])
    let columns = try run(
      try operation("Unique", .int("axis", 1)), [try Tensor([2, 3], [Int8(2), 1, 2, 0, 5, 0])])
    #expect(columns.shape == [2, 2])
    #expect(columns.doubles == [1, 2, 5, 0])
    #expect(try run(unique, [try Tensor(zeros: [0])]).shape == [0])
  }

  // MARK: Boxes

  private func suppress(
    _ boxes: [Float], _ scores: [Float], most: Int64 = 9, overlap: Float = 0.5, least: Float? = nil,
    centres: Bool = false
  ) throws -> [Double] {
    let inputs: [Tensor?] = [
      try Tensor([1, scores.count, 4], boxes), try Tensor([1, 1, scores.count], scores), try ints(most),
      try Tensor([1], [overlap]), try least.map { try Tensor([1], [$0]) },
    ]
    let y = try run(try operation("NonMaxSuppression", .flag("center_point_box", centres)), inputs).doubles
    return stride(from: 2, to: y.count, by: 3).map { y[$0] }
  }

  @Test func overlappingBoxesAreLeftOut() throws {
    // The second box is the first one, given by its other corners.
    let boxes: [Float] = [0, 0, 1, 1, 1, 1, 0, 0, 0, 5, 1, 6]
    #expect(try suppress(boxes, [0.5, 0.7, 0.6]) == [1, 2])
    #expect(try suppress(boxes, [0.7, 0.7, 0.6]) == [0, 2])
    #expect(try suppress(boxes, [0.5, 0.7, 0.6], most: 1) == [1])
    #expect(try suppress(boxes, [0.5, 0.7, 0.6], most: -1) == [])
    #expect(try suppress(boxes, [0.5, 0.7, 0.6], overlap: 1) == [1, 2, 0])
    #expect(try suppress(boxes, [0.5, .nan, 0.6], least: 0.5) == [2])
    #expect(try suppress([0, 0, 2, 2, 0, 0, 2, 2, 4, 0, 2, 2], [1, 2, 3], centres: true) == [2, 1])
    #expect(throws: GraphError.self) { try suppress(boxes, [1, 2, 3], overlap: .nan) }
  }

  // MARK: Reading at positions

  @Test func gridSampleReadsBetweenPixels() throws {
    let x = try counting([1, 1, 2, 2])
    func sample(_ positions: [Float], _ attributes: Attribute...) throws -> [Double] {
      let reader = AttributeReader("GridSample", opset: 20, inputCount: 2, attributes: attributes)
      let grid = try Tensor([1, 1, positions.count / 2, 2], positions)
      return try run(try Operator("GridSample", domain: .onnx, reader), [x, grid]).doubles
    }
    let aligned = Attribute.flag("align_corners", true)
    #expect(try sample([0, 0, 1, -1], aligned) == [1.5, 1])
    #expect(try sample([-1, -1]) == [0])
    #expect(try sample([1, 1]) == [0.75])
    #expect(try sample([1, 1], .string("padding_mode", "border")) == [3])
    #expect(try sample([2, 1], aligned, .string("padding_mode", "reflection")) == [2.5])
    #expect(try sample([0, 0], aligned, .string("mode", "nearest")) == [0])
    #expect(try sample([0, 0], .string("mode", "cubic"), .string("padding_mode", "border")) == [1.5])
    for padding in ["zeros", "border", "reflection"] {
      let far = try sample([.nan, 1e38, -1e38, .infinity], .string("padding_mode", padding))
      #expect(far.allSatisfy { $0.isFinite })
    }
  }

  @Test func regionsArePooledToOneSize() throws {
    let x = try counting([1, 1, 4, 4])
    func pool(_ region: [Float], _ attributes: Attribute...) throws -> [Double] {
      let reader = AttributeReader("RoiAlign", opset: 16, inputCount: 3, attributes: attributes)
      return try run(
        try Operator("RoiAlign", domain: .onnx, reader), [x, try Tensor([1, 4], region), ints(0)]
      ).doubles
    }
    // The middle of the region is the middle of the picture.
    #expect(try pool([0, 0, 4, 4], .int("sampling_ratio", 1)) == [7.5])
    #expect(isClose(try pool([0, 0, 4, 4]), [7.5]))
    #expect(try pool([3, 3, 1, 1]) == [0])
    #expect(try pool([.nan, 0, 4, 4]) == [0])
    let old = try operation("RoiAlign", opset: 10, .int("sampling_ratio", 1))
    #expect(try run(old, [x, try Tensor([1, 4], [Float(1), 1, 1, 1]), ints(0)]).doubles == [7.5])
    #expect(throws: GraphError.self) { try pool([0, 0, 1e30, 1e30]) }
    #expect(throws: GraphError.self) {
      try operation("RoiAlign").evaluate([x, try Tensor([1, 4], [Float(0), 0, 1, 1]), ints(1)])
    }
  }

  @Test func affineGridIsWhatGridSampleReads() throws {
    let theta = try Tensor([1, 2, 3], [Float(1), 0, 0, 0, 1, 0])
    let grid = try run(try operation("AffineGrid"), [theta, ints(1, 1, 1, 2)])
    #expect(grid.shape == [1, 1, 2, 2])
    #expect(isClose(grid.doubles, [-0.5, 0, 0.5, 0]))
    let aligned = try run(try operation("AffineGrid", .flag("align_corners", true)), [theta, ints(1, 1, 1, 2)])
    #expect(isClose(aligned.doubles, [-1, 0, 1, 0]))
    #expect(refusal(try operation("AffineGrid"), [Fact(theta), Fact(try ints(2, 1, 1, 2))])?.code == .shapeMismatch)
  }

  @Test func theMiddleIsCutOutOrPadded() throws {
    #expect(try run(try operation("CenterCropPad"), [try counting([5]), ints(2)]).doubles == [1, 2])
    #expect(try run(try operation("CenterCropPad"), [try counting([2], from: 1), ints(5)]).doubles == [0, 1, 2, 0, 0])
    let rows = try run(try operation("CenterCropPad", .ints("axes", [-2])), [try counting([3, 2]), ints(1)])
    #expect(rows.doubles == [2, 3])
  }

  @Test func columnsAddUpToAPicture() throws {
    let ones = try Tensor([1, 4, 2], [Float](repeating: 1, count: 8))
    let picture = try run(try operation("Col2Im"), [ones, ints(2, 3), ints(2, 2)])
    #expect(picture.shape == [1, 1, 2, 3])
    #expect(picture.doubles == [1, 2, 1, 1, 2, 1])
    let col2Im = try operation("Col2Im", .ints("dilations", [1 << 31, 1]))
    #expect(refusal(col2Im, [Fact(ones), Fact(try ints(2, 3)), Fact(try ints(2, 2))])?.code == .shapeMismatch)
    #expect(refusal(col2Im, [Fact(ones), Fact(try ints(2, 3)), Fact(try ints(0, 2))])?.code == .shapeMismatch)
  }
}
