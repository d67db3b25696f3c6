import ModelGraph
import Testing

@Suite struct PoolingTests {
  @Test func maximaAndWhereTheyAre() throws {
    let x = try counting([1, 1, 5, 5], from: 1)
    let pool = try operation("MaxPool", .ints("kernel_shape", [2, 2]), .ints("strides", [2, 2]))
    #expect(try run(pool, [x]).doubles == [7, 9, 17, 19])
    #expect(try run(pool, [x], output: 1).ints == [6, 8, 16, 18])
    let columns = try operation(
      "MaxPool", .ints("kernel_shape", [2, 2]), .ints("strides", [2, 2]), .int("storage_order", 1))
    #expect(try run(columns, [x], output: 1).ints == [6, 16, 8, 18])
  }

  @Test func indicesCountThroughTheWholeTensor() throws {
    let x = try Tensor([2, 1, 4], [Float(1), 2, 9, 4, 8, 7, 6, 5])
    let pool = try operation("MaxPool", .ints("kernel_shape", [2]), .ints("strides", [2]))
    #expect(try run(pool, [x], output: 1).ints == [1, 2, 4, 6])
  }

  @Test func ceilModeKeepsTheLastWindowOnlyInsideTheInput() throws {
    let x = try counting([1, 1, 4, 4], from: 1)
    let pool = try operation(
      "MaxPool", .ints("kernel_shape", [3, 3]), .ints("strides", [2, 2]), .int("ceil_mode", 1))
    #expect(try run(pool, [x]).doubles == [11, 12, 15, 16])
    // Three windows would fit into 6 padded elements, but the third would start in the padding behind the input.
    let dropped = try operation(
      "AveragePool", .ints("kernel_shape", [1]), .ints("strides", [2]), .ints("pads", [1, 1]), .int("ceil_mode", 1))
    #expect(try run(dropped, [try counting([1, 1, 2], from: 1)]).shape == [1, 1, 2])
  }

  @Test func dilationsSkipCells() throws {
    let x = try counting([1, 1, 4, 4], from: 1)
    let pool = try operation("MaxPool", .ints("kernel_shape", [2, 2]), .ints("dilations", [2, 2]))
    #expect(try run(pool, [x]).doubles == [11, 12, 15, 16])
    let average = try operation("AveragePool", .ints("kernel_shape", [2, 2]), .ints("dilations", [2, 2]))
    #expect(try run(average, [x]).doubles == [6, 7, 10, 11])
    #expect(throws: GraphError.self) {
      try operation("AveragePool", opset: 11, .ints("kernel_shape", [2, 2]), .ints("dilations", [2, 2]))
    }
  }

  @Test func bytesAreCompared() throws {
    let pool = try operation("MaxPool", .ints("kernel_shape", [2]), .ints("pads", [1, 0]))
    #expect(try run(pool, [try Tensor([1, 1, 3], [Int8(-5), -7, -128])]).ints == [-5, -5, -7])
    #expect(try run(pool, [try Tensor([1, 1, 3], [UInt8(0), 200, 100])]).ints == [0, 200, 200])
    #expect(refusal(pool, [Fact(.int32, [1, 1, 3])])?.code == .typeMismatch)
  }

  @Test func averagesCountPaddingOnRequest() throws {
    let x = try counting([1, 1, 2, 2], from: 1)
    let attributes: [Attribute] = [
      .ints("kernel_shape", [2, 2]), .ints("pads", [1, 1, 1, 1]), .ints("strides", [2, 2]),
    ]
    func average(_ more: Attribute...) throws -> Operator {
      let reader = AttributeReader("AveragePool", opset: 21, inputCount: 1, attributes: attributes + more)
      return try Operator("AveragePool", domain: .onnx, reader)
    }
    #expect(try run(average(), [x]).doubles == [1, 2, 3, 4])
    #expect(try run(average(.int("count_include_pad", 1)), [x]).doubles == [0.25, 0.5, 0.75, 1])
  }

  @Test func whatHangsOverThePaddingNeverCounts() throws {
    let pool = try operation(
      "AveragePool", .ints("kernel_shape", [3]), .ints("strides", [2]), .int("ceil_mode", 1),
      .int("count_include_pad", 1))
    #expect(try run(pool, [try counting([1, 1, 4], from: 1)]).doubles == [2, 3.5])
  }

  @Test func globalPoolsTakeAnyNumberOfAxes() throws {
    let x = try counting([1, 2, 2, 3])
    #expect(try run(operation("GlobalAveragePool"), [x]).doubles == [2.5, 8.5])
    #expect(try run(operation("GlobalMaxPool"), [x]).doubles == [5, 11])
    #expect(try run(operation("GlobalMaxPool"), [try counting([2, 1, 2, 2, 2])]).shape == [2, 1, 1, 1, 1])
    #expect(refusal(try operation("GlobalMaxPool"), [Fact(.float32, [3])])?.code == .wrongRank)
    #expect(try run(operation("GlobalAveragePool"), [try counting([0, 2, 2, 3])]).count == 0)
  }

  @Test func refusesWhatHasNoMeaning() throws {
    #expect(throws: GraphError.self) { try operation("MaxPool") }
    let pool = try operation("MaxPool", .ints("kernel_shape", [3, 3]))
    #expect(refusal(pool, [Fact(.float32, [1, 1, 2, 9])])?.code == .shapeMismatch)
    #expect(refusal(pool, [Fact(.float32, [1, 1, 9])])?.code == .badAttribute)
    #expect(refusal(pool, [Fact(.float32, [1])])?.code == .wrongRank)
    let allPadding = try operation("MaxPool", .ints("kernel_shape", [1]), .ints("pads", [1, 0]))
    #expect(try run(allPadding, [try counting([1, 1, 1], from: 3)], output: 1).ints == [-1, 0])
  }

  @Test func aWindowOfBillionsIsNoTrap() throws {
    let huge = 1 << 30
    let pool = try operation(
      "AveragePool", .ints("kernel_shape", [huge, huge]), .ints("pads", [huge, huge, huge, huge]),
      .ints("strides", [huge, huge]), .int("count_include_pad", 1))
    #expect(try run(pool, [try counting([1, 1, 2, 2])]).shape == [1, 1, 2, 2])
  }
}
