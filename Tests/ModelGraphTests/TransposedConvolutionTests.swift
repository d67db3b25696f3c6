import ModelGraph
import Testing

@Suite struct TransposedConvolutionTests {
  @Test func scattersItsInput() throws {
    let x = try Tensor([1, 1, 2], [Float(1), 2])
    let w = try Tensor([1, 1, 3], [Float(1), 10, 100])
    func run(_ attributes: Attribute..., bias: Tensor? = nil) throws -> [Double] {
      let reader = AttributeReader("ConvTranspose", opset: 21, inputCount: 3, attributes: attributes)
      return try ModelGraphTests.run(Operator("ConvTranspose", domain: .onnx, reader), [x, w, bias]).doubles
    }
    #expect(try run() == [1, 12, 120, 200])
    #expect(try run(.ints("strides", [2])) == [1, 10, 102, 20, 200])
    #expect(try run(.ints("strides", [2]), .ints("output_padding", [1])) == [1, 10, 102, 20, 200, 0])
    #expect(try run(.ints("strides", [2]), .ints("pads", [1, 1])) == [10, 102, 20])
    #expect(try run(.ints("dilations", [2])) == [1, 2, 10, 20, 100, 200])
    #expect(try run(.string("auto_pad", "SAME_UPPER")) == [12, 120])
    #expect(try run(.ints("output_shape", [3])) == [12, 120, 200])
    #expect(try run(.ints("output_shape", [3]), .string("auto_pad", "SAME_UPPER")) == [1, 12, 120])
    #expect(try run(.ints("output_shape", [1, 1, 5]), bias: try Tensor([1], [Float(1)])) == [2, 13, 121, 201, 1])
  }

  @Test func groupsAndAxes() throws {
    let x = try Tensor([1, 2, 1, 1], [Float(2), 3])
    let w = try counting([2, 1, 2, 2], from: 1)
    let y = try run(operation("ConvTranspose", .int("group", 2)), [x, w])
    #expect(y.shape == [1, 2, 2, 2])
    #expect(y.doubles == [2, 4, 6, 8, 15, 18, 21, 24])
    let deep = try run(operation("ConvTranspose"), [try x.reshaped([1, 2, 1, 1, 1]), try counting([2, 1, 2, 1, 2])])
    #expect(deep.shape == [1, 1, 2, 1, 2])
    #expect(deep.doubles == [12, 17, 22, 27])
    #expect(try run(operation("ConvTranspose"), [try counting([0, 2, 1, 1]), w]).shape == [0, 1, 2, 2])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let plain = try operation("ConvTranspose")
    let x = Fact(.float32, [1, 2, 4, 4])
    #expect(refusal(plain, [x, Fact(.float32, [3, 1, 2, 2])])?.code == .shapeMismatch)
    #expect(refusal(plain, [x, Fact(.float32, [2, 1, 2])])?.code == .wrongRank)
    #expect(refusal(plain, [x, Fact(.float32, [2, 1, 0, 1])])?.code == .shapeMismatch)
    #expect(refusal(plain, [x, Fact(.float32, [2, 3, 1, 1]), Fact(.float32, [2])])?.code == .shapeMismatch)
    let w = Fact(.float32, [2, 1, 2, 2])
    #expect(refusal(try operation("ConvTranspose", .ints("pads", [9, 9, 9, 9])), [x, w])?.code == .shapeMismatch)
    let large = Attribute.ints("strides", [1 << 31, 1 << 31])
    #expect(refusal(try operation("ConvTranspose", large), [x, w])?.code == .tooLarge)
    #expect(refusal(try operation("ConvTranspose", .ints("strides", [1])), [x, w])?.code == .badAttribute)
    #expect(throws: GraphError.self) { try operation("ConvTranspose", .ints("output_padding", [-1, 0])) }
  }

  @Test func deformedTapsAreBetweenPixels() throws {
    let x = try counting([1, 1, 2, 2])
    let w = try Tensor([1, 1, 1, 1], [Float(2)])
    let offsets = try Tensor([1, 2, 2, 2], [Float(0.5), 0, 0, 0, 0, 0.25, 0, .nan])
    let deform = try operation("DeformConv", opset: 19)
    #expect(isClose(try run(deform, [x, w, offsets]).doubles, [2, 1.5, 4, 0]))
    let mask = try Tensor([1, 1, 2, 2], [Float(1), 2, 3, 4])
    let bias = try Tensor([1], [Float(1)])
    #expect(isClose(try run(deform, [x, w, offsets, bias, mask]).doubles, [3, 4, 13, 1]))
    #expect(refusal(deform, [Fact(x), Fact(w), Fact(.float32, [1, 1, 2, 2])])?.code == .shapeMismatch)
  }

  @Test func unpoolingPutsMaximaBack() throws {
    let x = try Tensor([1, 1, 1, 2], [Float(5), 7])
    let indices = try Tensor([1, 1, 1, 2], [Int64(6), 3])
    let unpool = try operation("MaxUnpool", .ints("kernel_shape", [2, 2]), .ints("strides", [2, 2]))
    #expect(try run(unpool, [x, indices]).doubles == [0, 0, 0, 7, 0, 0, 5, 0])
    let wide = try Tensor([4], [Int64(1), 1, 2, 5])
    #expect(try run(unpool, [x, indices, wide]).doubles == [0, 0, 0, 7, 0, 0, 0, 5, 0, 0])
    #expect(throws: GraphError.self) { try unpool.evaluate([x, try Tensor([1, 1, 1, 2], [Int64(-1), 0])]) }
    #expect(throws: GraphError.self) { try unpool.evaluate([x, try Tensor([1, 1, 1, 2], [Int64(8), 0])]) }
    #expect(refusal(unpool, [Fact(x), Fact(indices), Fact(.int64, [4])])?.code == .notConstant)
  }
}
