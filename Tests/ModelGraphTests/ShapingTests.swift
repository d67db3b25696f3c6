import ModelGraph
import Testing

/// Reshape, Flatten, Squeeze, Unsqueeze, Shape: the same elements with another shape.
@Suite struct ShapingTests {
  private func shape(_ operation: Operator, _ data: Shape, _ parameter: [Int64]? = nil) throws -> Shape {
    let inputs: [Tensor?] = try [counting(data)] + (parameter.map { [try Tensor([$0.count], $0)] } ?? [])
    let result = try run(operation, inputs)
    #expect(result.doubles == inputs[0]?.doubles)
    return result.shape
  }

  @Test func attributesOfOldOpsets() throws {
    let reshape = AttributeReader("Reshape", opset: 1, inputCount: 1, attributes: [.ints("shape", [2, -1])])
    _ = try Operator("Reshape", domain: .onnx, reshape)
    #expect(reshape.addedInputs.map { $0.tensor.ints } == [[2, -1]])
    let pad = AttributeReader("Pad", opset: 1, inputCount: 1, attributes: [.ints("paddings", [1, 0])])
    _ = try Operator("Pad", domain: .onnx, pad)
    #expect(pad.addedInputs.map { $0.tensor.ints } == [[1, 0]])
    guard case .cast(let cast) = try operation("Cast", opset: 1, .string("to", "DOUBLE")) else { return }
    #expect(cast.to == .float64)
    #expect(throws: GraphError.self) { try operation("Cast", opset: 1, .string("to", "STRING")) }
    guard case .concat(let concat) = try operation("Concat", opset: 1) else { return }
    #expect(concat.axis == 1)
    #expect(throws: GraphError.self) { try operation("Concat", opset: 4) }
    _ = try operation("Relu", opset: 5, .ints("consumed_inputs", [0]))
    #expect(throws: GraphError.self) { try operation("Relu", opset: 6, .ints("consumed_inputs", [0])) }
    let add = AttributeReader(
      "Add", opset: 6, inputCount: 2, attributes: [.int("broadcast", 1), .int("axis", 1)])
    _ = try Operator("Add", domain: .onnx, add)
    #expect(add.alignedInputs.map { $0.axis } == [1])
  }

  @Test func reshapeKeepsZerosAndFillsTheRest() throws {
    let reshape = try operation("Reshape")
    #expect(try shape(reshape, [2, 3, 4], [4, 6]) == [4, 6])
    #expect(try shape(reshape, [2, 3, 4], [0, -1]) == [2, 12])
    #expect(try shape(reshape, [2, 3, 4], [-1]) == [24])
    #expect(try shape(reshape, [1], []) == [])
  }

  @Test func reshapeWithAllowzeroTakesZeroAsItIs() throws {
    let reshape = try operation("Reshape", .int("allowzero", 1))
    #expect(try shape(reshape, [0, 3], [3, 0]) == [3, 0])
  }

  @Test(arguments: [[5], [-1, -1], [-1, 7], [0, 0, 0, 2], [-2, -12], [1 << 62, 4], [.min], [0, 3]] as [[Int64]])
  func reshapeRefusesWhatDoesNotFit(_ wanted: [Int64]) throws {
    let error = refusal(
      try operation("Reshape"), [Fact(try counting([2, 12])), Fact(try Tensor([wanted.count], wanted))])
    #expect(error?.code == .shapeMismatch || error?.code == .tooLarge)
  }

  @Test func reshapeSaysWhichInputMustBeKnown() throws {
    let error = refusal(try operation("Reshape"), [Fact(.float32, [4]), Fact(.int64, [2])])
    #expect(error?.code == .notConstant)
    #expect(error?.message.contains("'shape'") == true)
  }

  @Test(arguments: [(0, [1, 24]), (1, [2, 12]), (3, [24, 1]), (-1, [6, 4])] as [(Int, Shape)])
  func flattenSplitsAtTheAxis(_ axis: Int, _ expected: Shape) throws {
    #expect(try shape(try operation("Flatten", .int("axis", axis)), [2, 3, 4]) == expected)
  }

  @Test func flattenRefusesAnAxisBeyondTheRank() throws {
    #expect(refusal(try operation("Flatten", .int("axis", 4)), [Fact(.float32, [2, 3, 4])])?.code == .badAttribute)
  }

  @Test func squeezeDropsAxesOfExtentOne() throws {
    let squeeze = try operation("Squeeze")
    #expect(try shape(squeeze, [1, 3, 1]) == [3])
    #expect(try shape(squeeze, [1, 3, 1], [-1]) == [1, 3])
    let axes = Fact(try Tensor([1], [Int64(1)]))
    #expect(refusal(squeeze, [Fact(.float32, [1, 3]), axes])?.code == .shapeMismatch)
  }

  @Test func unsqueezeCountsInTheOutput() throws {
    let unsqueeze = try operation("Unsqueeze")
    #expect(try shape(unsqueeze, [3, 4], [0, -1]) == [1, 3, 4, 1])
    let twice = Fact(try Tensor([2], [Int64(0), 0]))
    #expect(refusal(unsqueeze, [Fact(.float32, [3]), twice])?.code == .badAttribute)
  }

  @Test(arguments: ["Squeeze", "Unsqueeze"])
  func axesOfOldOpsetsBecomeAnInput(_ name: String) throws {
    let reader = AttributeReader(name, opset: 11, inputCount: 1, attributes: [.ints("axes", [0, -1])])
    _ = try Operator(name, domain: .onnx, reader)
    #expect(reader.addedInputs.map { $0.index } == [1])
    #expect(reader.addedInputs.first?.tensor.ints == [0, -1])
  }

  @Test func shapeIsKnownBeforeAnythingRuns() throws {
    let facts = try operation("Shape", .int("start", -2)).infer([Fact(.float32, [2, 3, 4])])
    #expect(facts.first?.constant?.ints == [3, 4])
    let part = try operation("Shape", .int("start", 1), .int("end", 99)).infer([Fact(.float32, [2, 3, 4])])
    #expect(part.first?.constant?.ints == [3, 4])
    let none = try operation("Shape", .int("start", 2), .int("end", 1)).infer([Fact(.float32, [2, 3, 4])])
    #expect(none.first?.shape == [0])
  }
}
