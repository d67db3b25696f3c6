import ModelGraph
import Testing

/// Windows over three spatial axes.
@Suite struct ThreeAxesTests {
  @Test func convolution() throws {
    let x = try counting([1, 1, 2, 2, 2])
    let w = try Tensor([1, 1, 2, 1, 1], [Float(1), 10])
    #expect(try run(operation("Conv"), [x, w]).doubles == [40, 51, 62, 73])
    let padded = try run(operation("Conv", .ints("pads", [1, 0, 0, 0, 0, 0])), [x, w])
    #expect(padded.shape == [1, 1, 2, 2, 2])
    #expect(padded.doubles == [0, 10, 20, 30, 40, 51, 62, 73])
    let strided = try run(operation("Conv", .ints("strides", [1, 2, 2])), [x, w])
    #expect(strided.doubles == [40])
    #expect(
      refusal(try operation("Conv"), [Fact(.float32, [1, 1, 2, 2, 2, 2]), Fact(.float32, [1, 1, 1, 1, 1, 1])]) != nil)
  }

  @Test func poolings() throws {
    let x = try counting([1, 1, 2, 2, 2])
    let kernel = Attribute.ints("kernel_shape", [2, 1, 2])
    #expect(try run(operation("MaxPool", kernel), [x]).doubles == [5, 7])
    #expect(try run(operation("MaxPool", kernel), [x], output: 1).ints == [5, 7])
    // Column-major: the first of the three axes runs fastest.
    let columns = try operation("MaxPool", kernel, .int("storage_order", 1))
    #expect(try run(columns, [x], output: 1).ints == [5, 7])
    let slices = try operation("MaxPool", .ints("kernel_shape", [1, 2, 2]), .int("storage_order", 1))
    #expect(try run(slices, [x], output: 1).ints == [6, 7])
    #expect(try run(operation("AveragePool", kernel), [x]).doubles == [2.5, 4.5])
    let padded = try operation(
      "AveragePool", .ints("kernel_shape", [2, 2, 2]), .ints("pads", [1, 0, 0, 0, 0, 0]), .int("count_include_pad", 1))
    #expect(try run(padded, [x]).doubles == [0.75, 3.5])
    #expect(
      isClose(try run(operation("LpPool", kernel), [x]).doubles, [Double(42).squareRoot(), Double(126).squareRoot()]))
    #expect(isClose(try run(operation("GlobalLpPool", .int("p", 3)), [x]).doubles, [platformCubeRoot(784)]))
    #expect(try run(operation("GlobalLpPool", .int("p", 1)), [x]).doubles == [28])
    let huge = try operation(
      "MaxPool", .ints("kernel_shape", [1 << 30, 1 << 30, 1 << 30]), .string("auto_pad", "SAME_UPPER"))
    #expect(refusal(huge, [Fact(x)])?.code == .tooLarge)
    #expect(throws: GraphError.self) { try operation("LpPool", .ints("kernel_shape", [1]), .int("p", 0)) }
    #expect(throws: GraphError.self) { try operation("GlobalLpPool", opset: 1, .float("p", 1.5)) }
  }

  private func platformCubeRoot(_ x: Double) -> Double {
    // Newton's method: enough digits for a comparison.
    var root = 9.0
    for _ in 0..<50 { root -= (root * root * root - x) / (3 * root * root) }
    return root
  }

  @Test func fusedMatrixProducts() throws {
    let a = try counting([2, 1, 3])
    let b = try counting([2, 2, 3])
    let product = try operation("FusedMatMul", domain: .microsoft, .int("transB", 1), .float("alpha", 2))
    #expect(try run(product, [a, b]).doubles == [10, 28, 172, 244])
    let moved = try operation("FusedMatMul", domain: .microsoft, .int("transBatchA", 1), .int("transBatchB", 1))
    // [2, 1, 3] is one matrix of two rows; [3, 1, 2] one of three.
    #expect(try run(moved, [a, try counting([3, 1, 2])]).doubles == [10, 13, 28, 40])
    let fused = try operation(
      "FusedGemm", domain: .microsoft, .string("activation", "LeakyRelu"), .float("activation_alpha", 0.5))
    let y = try run(fused, [try Tensor([1, 1], [Float(2)]), try Tensor([1, 2], [Float(-1), 3])])
    #expect(y.doubles == [-1, 6])
    #expect(throws: GraphError.self) { try operation("FusedGemm", domain: .microsoft, .string("activation", "Cosine")) }
  }

  @Test func dynamicQuantizedProduct() throws {
    let a = try Tensor([1, 2], [Float(0), 255])
    let b = try Tensor([2, 2], [Int8(1), 2, 3, -4])
    let (scales, zeros) = (try Tensor([2], [Float(0.5), 2]), try Tensor([2], [Int8(1), 0]))
    let operation = try operation("DynamicQuantizeMatMul", domain: .microsoft)
    #expect(try run(operation, [a, b, scales, zeros]).doubles == [255, -2040])
    #expect(try run(operation, [a, b, scales, nil, try counting([2])]).doubles == [382.5, -2039])
    #expect(refusal(operation, [Fact(a), Fact(b), Fact(.float32, [3])])?.code == .shapeMismatch)
  }
}
