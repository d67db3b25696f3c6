import ModelGraph
import Testing

/// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.
@Suite struct QuantizationTests {
  private func scalar<Element: TensorElement>(_ value: Element) throws -> Tensor { try Tensor(scalar: value) }

  @Test func quantizeRoundsHalvesToEvenAndClamps() throws {
    let x = try Tensor([8], [0.5, 1.5, 2.5, -0.5, 1000, -1000, .nan, .infinity] as [Float])
    let quantize = try operation("QuantizeLinear")
    let unsigned = try run(quantize, [x, try scalar(Float(1)), try scalar(UInt8(10))])
    #expect(unsigned.doubles == [10, 12, 12, 10, 255, 0, 0, 255])
    let signed = try run(quantize, [x, try scalar(Float(1)), try scalar(Int8(-3))])
    #expect(signed.doubles == [-3, -1, -1, -3, 127, -128, -128, 127])
    #expect(try run(quantize, [x, try scalar(Float(0))]).type == .uint8)
  }

  @Test func quantizeAlongAnAxis() throws {
    let x = try Tensor([2, 2], [1, 2, 3, 4] as [Float])
    let parameters = [try Tensor([2], [1, 0.5] as [Float]), try Tensor([2], [0, 100] as [UInt8])]
    #expect(try run(try operation("QuantizeLinear", .int("axis", 0)), [x] + parameters).doubles == [1, 2, 106, 108])
    #expect(try run(try operation("QuantizeLinear", .int("axis", -1)), [x] + parameters).doubles == [1, 104, 3, 108])
  }

  @Test func blocksShareAScale() throws {
    let x = try Tensor([2, 3], [1, 2, 3, 4, 5, 6] as [Int8])
    let scales = try Tensor([2, 2], [1, 10, 100, 1000] as [Float])
    let dequantize = try operation("DequantizeLinear", .int("axis", 1), .int("block_size", 2))
    #expect(try run(dequantize, [x, scales]).doubles == [1, 2, 30, 400, 500, 6000])
    let columns = try operation("DequantizeLinear", .int("axis", 0), .int("block_size", 2))
    let row = try Tensor([1, 3], [1, 10, 100] as [Float])
    #expect(try run(columns, [x, row]).doubles == [1, 20, 300, 4, 50, 600])
  }

  @Test func dequantizeTakesTheZeroPointAway() throws {
    let dequantize = try operation("DequantizeLinear")
    let bytes = try Tensor([2], [0, 255] as [UInt8])
    #expect(try run(dequantize, [bytes, try scalar(Float(0.5)), try scalar(UInt8(128))]).doubles == [-64, 63.5])
    let sums = try Tensor([2], [.max, .min] as [Int32])
    #expect(try run(dequantize, [sums, try scalar(Float(1))]).doubles == [2_147_483_648, -2_147_483_648])
  }

  @Test func outputTypeMayBeAnAttribute() throws {
    let x = try Tensor([1], [-3] as [Float])
    let quantize = try operation("QuantizeLinear", .int("output_dtype", 3))
    #expect(try run(quantize, [x, try scalar(Float(1))]).doubles == [-3])
    #expect(refusal(quantize, [Fact(x), Fact(.float32, []), Fact(.uint8, [])])?.code == .typeMismatch)
    let narrow = #expect(throws: GraphError.self) { try operation("QuantizeLinear", .int("output_dtype", 21)) }
    #expect(narrow?.code == .unsupportedType)
  }

  @Test func sixteenBits() throws {
    let x = try Tensor([4], [0.5, 1.5, 1e6, -1e6] as [Float])
    let quantize = try operation("QuantizeLinear")
    #expect(try run(quantize, [x, try scalar(Float(1)), try scalar(UInt16(7))]).ints == [7, 9, 65535, 0])
    #expect(try run(quantize, [x, try scalar(Float(1)), try scalar(Int16(-7))]).ints == [-7, -5, 32767, -32768])
    let dequantize = try operation("DequantizeLinear")
    let wide = try Tensor([2], [65535, 0] as [UInt16])
    #expect(
      try run(dequantize, [wide, try scalar(Float(0.5)), try scalar(UInt16(32768))]).doubles == [16383.5, -16384])
  }

  /// The quotient is rounded to the scale's type, and what is dequantised is of it.
  @Test func halfScales() throws {
    let scale = try Tensor(scalar: Half(3))
    let x = try Tensor([2], [Half(7), Half(-6)])
    let y = try run(try operation("QuantizeLinear"), [x, scale, try scalar(Int8(0))])
    #expect(y.ints == [2, -2])
    let back = try run(try operation("DequantizeLinear"), [y, scale])
    #expect(back.type == .float16)
    #expect(back.doubles == [6, -6])
    let precise = AttributeReader("QuantizeLinear", opset: 23, inputCount: 2, attributes: [.int("precision", 10)])
    let other = try Operator("QuantizeLinear", domain: .onnx, precise)
    #expect(other.firstOpset == 23)
    // In float16, 2.5002 is 2.5, which is rounded to even.
    let near = try Tensor([2], [2.5002, 2.5] as [Float])
    #expect(try run(other, [near, try scalar(Float(1))]).ints == [2, 2])
    #expect(try run(try operation("QuantizeLinear"), [near, try scalar(Float(1))]).ints == [3, 2])
    let narrow = AttributeReader("DequantizeLinear", opset: 23, inputCount: 2, attributes: [.int("output_dtype", 10)])
    let half = try run(try Operator("DequantizeLinear", domain: .onnx, narrow), [y, try scalar(Float(1))])
    #expect(half.type == .float16)
    #expect(half.doubles == [2, -2])
  }

  @Test func thoseOfMicrosoftAreTheSame() throws {
    let x = try Tensor([2], [1, -3] as [Float])
    let quantize = try operation("QuantizeLinear", opset: 1, domain: .microsoft, .int("axis", 0))
    #expect(quantize.domain == .onnx)
    #expect(
      try run(quantize, [x, try Tensor([2], [1, 0.5] as [Float]), try Tensor([2], [0, 1] as [Int16])]).ints == [1, -5])
    _ = try operation("DequantizeLinear", opset: 1, domain: .microsoft)
  }

  @Test func scalesThatDoNotFitAreRefused() throws {
    let quantize = try operation("QuantizeLinear")
    #expect(refusal(quantize, [Fact(.float32, [2, 3]), Fact(.float32, [2])])?.code == .shapeMismatch)
    #expect(
      refusal(quantize, [Fact(.float32, [2, 3]), Fact(.float32, [3]), Fact(.uint8, [2])])?.code == .shapeMismatch)
    #expect(refusal(quantize, [Fact(.float32, [3]), Fact(.float32, [3])])?.code == .badAttribute)
    let blocked = try operation("QuantizeLinear", .int("block_size", 2))
    #expect(refusal(blocked, [Fact(.float32, [2, 3]), Fact(.float32, [2, 3])])?.code == .shapeMismatch)
  }

  @Test func dynamicQuantizationCoversTheRangeAndZero() throws {
    let dynamic = try operation("DynamicQuantizeLinear")
    let x = try Tensor([6], [0, 2, -3, -2.5, 1.34, 0.5] as [Float])
    #expect(try run(dynamic, [x]).doubles == [153, 255, 0, 26, 221, 179])
    #expect(isClose(try run(dynamic, [x], output: 1).doubles, [5.0 / 255]))
    #expect(try run(dynamic, [x], output: 2).doubles == [153])
    #expect(try run(dynamic, [try Tensor(zeros: [2])], output: 1).doubles == [1])
    let wild = try Tensor([3], [.nan, .infinity, -.infinity] as [Float])
    #expect(try run(dynamic, [wild]).count == 3)
  }
}
