import ModelGraph
import Testing

/// The operators that compute on quantised tensors. Expected values are onnxruntime's.
@Suite struct QuantizedOperatorTests {
  private func bytes(_ shape: Shape, _ values: [UInt8]) throws -> Tensor { try Tensor(shape, values) }
  private func signed(_ shape: Shape, _ values: [Int8]) throws -> Tensor { try Tensor(shape, values) }
  private func scale(_ values: Float...) throws -> Tensor {
    try Tensor(values.count == 1 ? [] : [values.count], values)
  }
  private func zero(_ value: UInt8) throws -> Tensor { try Tensor(scalar: value) }
  private func contrib(_ name: String, _ attributes: Attribute...) throws -> Operator {
    try Operator(
      name, domain: .microsoft, AttributeReader(name, opset: 1, inputCount: 1, attributes: attributes))
  }

  // MARK: Elementwise

  private var a: [UInt8] { [0, 1, 50, 127, 128, 200, 254, 255] }
  private var b: [UInt8] { [255, 3, 90, 128, 127, 60, 1, 0] }

  @Test func addAndMultiply() throws {
    let operands = try [bytes([8], a), scale(0.05), zero(120), bytes([8], b), scale(0.02), zero(7)]
    let sum = try run(try contrib("QLinearAdd"), operands + [try scale(0.037), try zero(99)])
    #expect(sum.doubles == [71, 0, 49, 174, 175, 236, 255, 255])
    let product = try run(try contrib("QLinearMul"), operands + [try scale(0.5), try zero(99)])
    #expect(product.doubles == [39, 100, 87, 101, 101, 107, 97, 97])
  }

  @Test func activations() throws {
    let x = try [bytes([8], a), scale(0.05), zero(120)]
    let leaky = try run(try contrib("QLinearLeakyRelu", .float("alpha", 0.1)), x + [try scale(0.02), try zero(99)])
    #expect(leaky.doubles == [69, 69, 81, 117, 119, 255, 255, 255])
    let rows = try [bytes([2, 4], a), scale(0.05), zero(120), scale(1.0 / 256), zero(0)]
    let softmax = try contrib("QLinearSoftmax", .int("opset", 13))
    #expect(try run(softmax, rows).doubles == [0, 0, 5, 250, 0, 8, 121, 127])
    let old = try contrib("QLinearSoftmax", .int("opset", 12), .int("axis", 1))
    let planes = try [bytes([2, 2, 2], a)] + rows[1...]
    #expect(try run(old, planes).doubles == [0, 0, 5, 250, 0, 8, 121, 127])
    #expect(throws: GraphError.self) { try contrib("QLinearSoftmax") }
  }

  @Test func addBroadcastsAndMayLackZeroPoints() throws {
    let sum = try run(
      try contrib("QLinearAdd"),
      [try bytes([2, 1], [1, 2]), try scale(1), nil, try bytes([2], [10, 20]), try scale(1), nil, try scale(1)])
    #expect(sum.shape == [2, 2])
    #expect(sum.doubles == [11, 21, 12, 22])
  }

  @Test func sigmoid() throws {
    let y = try run(
      try contrib("QLinearSigmoid"),
      [try bytes([8], a), try scale(0.05), try zero(120), try scale(1 / 256), try zero(0)])
    #expect(y.doubles == [1, 1, 8, 150, 153, 251, 255, 255])
  }

  @Test func concatBringsPartsToOneScale() throws {
    let y = try run(
      try contrib("QLinearConcat", .int("axis", 0)),
      [
        try scale(0.037), try zero(99), try bytes([8], a), try scale(0.05), try zero(120), try bytes([8], b),
        try scale(0.02), try zero(7),
      ])
    #expect(y.doubles == [0, 0, 4, 108, 110, 207, 255, 255, 233, 97, 144, 164, 164, 128, 96, 95])
    let short = try contrib("QLinearConcat", .int("axis", 0))
    let facts = try [Fact(scale(1)), Fact(zero(0)), Fact(zero(0)), Fact(scale(1)), Fact(zero(0)), Fact(zero(0))]
    #expect(refusal(short, facts)?.code == .wrongArity)
  }

  // MARK: Poolings

  private func picture() throws -> Tensor { try bytes([1, 2, 4, 4], (0..<32).map { UInt8($0 * 7) }) }
  private func pooled(_ x: Tensor, _ operation: Operator) throws -> Tensor {
    try run(operation, [x, try scale(0.1), try zero(10), try scale(0.09), try zero(3)])
  }

  @Test func globalAveragePool() throws {
    #expect(try pooled(try picture(), try contrib("QLinearGlobalAveragePool")).doubles == [50, 175])
    let last = try run(try operation("Transpose", .ints("perm", [0, 2, 3, 1])), [try picture()])
    let y = try pooled(last, try contrib("QLinearGlobalAveragePool", .int("channels_last", 1)))
    #expect(y.shape == [1, 1, 1, 2])
    #expect(y.doubles == [50, 175])
  }

  @Test func averagePool() throws {
    let window: [Attribute] = [
      .ints("kernel_shape", [3, 3]), .ints("strides", [2, 2]), .ints("pads", [1, 1, 1, 1]),
    ]
    func pool(_ attributes: [Attribute]) throws -> Operator {
      let name = "QLinearAveragePool"
      return try Operator(
        name, domain: .microsoft, AttributeReader(name, opset: 1, inputCount: 5, attributes: window + attributes))
    }
    #expect(try pooled(try picture(), try pool([])).doubles == [11, 23, 58, 70, 136, 147, 182, 194])
    let padded = try pooled(try picture(), try pool([.int("count_include_pad", 1)]))
    #expect(padded.doubles == [7, 16, 40, 70, 62, 99, 123, 194])
    let last = try run(try operation("Transpose", .ints("perm", [0, 2, 3, 1])), [try picture()])
    let y = try pooled(last, try pool([.int("channels_last", 1)]))
    #expect(y.shape == [1, 2, 2, 2])
    #expect(y.doubles == [11, 136, 23, 147, 58, 182, 70, 194])
  }

  /// onnxruntime divides by the whole window even if ceil_mode lets it extend beyond the padding.
  @Test func averagePoolOverTheEdge() throws {
    let pool = try contrib(
      "QLinearAveragePool", .ints("kernel_shape", [3, 3]), .ints("strides", [2, 2]), .ints("pads", [1, 1, 1, 1]),
      .int("ceil_mode", 1), .int("count_include_pad", 1))
    let x = try bytes([1, 1, 6, 6], [UInt8](repeating: 100, count: 36))
    let y = try run(pool, [x, try scale(1), nil, try scale(1), nil])
    #expect(y.doubles == [44, 67, 67, 22, 67, 100, 100, 33, 67, 100, 100, 33, 22, 33, 33, 11])
  }

  // MARK: Products

  private func left() throws -> Tensor { try bytes([2, 3], [1, 2, 3, 200, 100, 50]) }
  private func right() throws -> Tensor { try signed([3, 2], [1, -2, 3, 4, -5, 6]) }

  @Test func matrixProductPerColumn() throws {
    let y = try run(
      try operation("QLinearMatMul"),
      [
        try left(), try scale(0.1), try zero(2), try right(), try scale(0.02, 0.03), try signed([2], [0, 0]),
        try scale(0.5), try zero(40),
      ])
    #expect(y.doubles == [40, 40, 41, 42])
  }

  @Test func matrixProductPerRow() throws {
    let y = try run(
      try operation("QLinearMatMul"),
      [
        try bytes([2, 1], [10, 10]), try scale(1, 2), try bytes([2], [0, 5]), try bytes([1, 2], [1, 2]),
        try scale(1, 10), try bytes([2], [0, 0]), try scale(1), try zero(0),
      ])
    #expect(y.doubles == [10, 200, 10, 200])
  }

  @Test func integerMatrixProduct() throws {
    let product = try operation("MatMulInteger")
    #expect(try run(product, [try left(), try right()]).doubles == [-8, 24, 250, 300])
    let shifted = try run(product, [try left(), try right(), try zero(1), try signed([2], [1, -1])])
    #expect(shifted.doubles == [-10, 19, -96, 639])
    // One zero point per row of each matrix of a stack, and one per column.
    let stack = try bytes([2, 1, 2], [1, 2, 3, 4])
    let (rows, columns) = (try bytes([2, 1, 1], [1, 3]), try bytes([2, 1, 1], [0, 1]))
    #expect(try run(product, [stack, try bytes([2, 2, 1], [1, 2, 3, 4]), rows, columns]).doubles == [2, 3])
  }

  @Test func gemmQuantisedAndFloat() throws {
    let c = try Tensor([2], [100, -700] as [Int32])
    let factors = try [scale(0.02, 0.03), signed([2], [0, 1])]
    let head = try [left(), scale(0.1), zero(2)]
    let y = try run(
      try contrib("QGemm", .float("alpha", 2)), head + [try right()] + factors + [c, try scale(0.5), try zero(40)])
    #expect(y.doubles == [41, 32, 43, 31])
    let upright = try run(try operation("Transpose"), [try right()])
    let float = try run(
      try contrib("QGemm", .float("alpha", 2), .int("transB", 1)), head + [upright] + factors + [c])
    #expect(float.type == .float32)
    #expect(isClose(float.doubles, [0.376, -4.152, 1.408, -4.56]))
  }

  // MARK: Convolutions

  private func plane() throws -> Tensor { try bytes([1, 1, 3, 3], (0..<9).map { UInt8($0 * 20) }) }

  @Test func convolutionPerFilter() throws {
    let y = try run(
      try operation("QLinearConv", .ints("pads", [0, 0, 1, 1])),
      [
        try plane(), try scale(0.1), try zero(30), try signed([2, 1, 2, 2], [1, -1, 2, -2, 3, 0, 0, -3]),
        try scale(0.5, 0.25), try signed([2], [0, 0]), try scale(0.9), try zero(100),
        try Tensor([2], [10, -10] as [Int32]),
      ])
    #expect(
      y.doubles == [97, 97, 109, 97, 97, 119, 99, 99, 108, 93, 93, 101, 93, 93, 106, 107, 109, 111])
  }

  @Test func integerConvolution() throws {
    let y = try run(
      try operation("ConvInteger"), [try plane(), try bytes([2, 1, 2, 2], Array(0..<8)), try zero(30), try zero(3)])
    #expect(y.doubles == [80, -40, -280, -400, 240, 440, 840, 1040])
  }

  @Test func sumsBeyond32BitsWrapAround() throws {
    let y = try run(
      try operation("DequantizeLinear"),
      [try Tensor([1], [Int32.min]), try scale(1), try Tensor(scalar: Int32.max)])
    #expect(y.doubles == [1])
  }

  // MARK: Refusals

  @Test func parametersOfTheWrongTypeOrNumberAreRefused() throws {
    let convolution = try operation("QLinearConv")
    func facts(x: Fact, wScale: Shape = [2], yZero: ElementType = .uint8) -> [Fact?] {
      [
        x, Fact(.float32, []), Fact(.uint8, []), Fact(.int8, [2, 1, 2, 2]), Fact(.float32, wScale), Fact(.int8, [2]),
        Fact(.float32, [1]), Fact(yZero, []),
      ]
    }
    let x = Fact(.uint8, [1, 1, 3, 3])
    #expect(refusal(convolution, facts(x: x)) == nil)
    #expect(refusal(convolution, facts(x: x, wScale: [3]))?.code == .shapeMismatch)
    #expect(refusal(convolution, facts(x: x, yZero: .int32))?.code == .typeMismatch)
    #expect(refusal(convolution, facts(x: Fact(.int8, [1, 1, 3, 3])))?.code == .typeMismatch)
    #expect(refusal(convolution, facts(x: Fact(.float32, [1, 1, 3, 3])))?.code == .typeMismatch)
    #expect(refusal(convolution, facts(x: Fact(.uint8, [1, 2, 3, 3])))?.code == .shapeMismatch)
    #expect(refusal(convolution, facts(x: Fact(.uint8, [3])))?.code == .wrongRank)
  }
}
