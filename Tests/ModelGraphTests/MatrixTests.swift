import ModelGraph
import Testing

@Suite struct MatrixTests {
  @Test func gemmTransposesScalesAndAdds() throws {
    let a = try counting([2, 3], from: 1)
    let b = try Tensor([3, 2], [Float(1), 0, 0, 1, 1, 1])
    let bTransposed = try Tensor([2, 3], [Float(1), 0, 1, 0, 1, 1])
    let aTransposed = try Tensor([3, 2], [Float(1), 4, 2, 5, 3, 6])
    let product = [4.0, 5, 10, 11]
    #expect(try run(operation("Gemm"), [a, b]).doubles == product)
    #expect(try run(operation("Gemm", .int("transB", 1)), [a, bTransposed]).doubles == product)
    #expect(try run(operation("Gemm", .int("transA", 1)), [aTransposed, b]).doubles == product)
    #expect(
      try run(operation("Gemm", .int("transA", 1), .int("transB", 1)), [aTransposed, bTransposed]).doubles == product)
    let scaled = try operation("Gemm", .float("alpha", 0.5), .float("beta", 2))
    #expect(try run(scaled, [a, b, try Tensor([2], [Float(1), 2])]).doubles == [4, 6.5, 7, 9.5])
    #expect(try run(scaled, [a, b, try Tensor([2, 1], [Float(1), 2])]).doubles == [4, 4.5, 9, 9.5])
    #expect(try run(scaled, [a, b]).doubles == [2, 2.5, 5, 5.5])
    #expect(try run(operation("Gemm"), [try counting([2, 0]), try counting([0, 1])]).doubles == [0, 0])
  }

  @Test func gemmSaysWhatDoesNotFit() throws {
    let gemm = try operation("Gemm")
    let a = Fact(.float32, [1, 512])
    let error = refusal(gemm, [a, Fact(.float32, [256, 2])])
    #expect(error?.message == "Gemm: A has 512 columns, B has 256 rows")
    #expect(refusal(gemm, [Fact(.float32, [1, 2, 3]), a])?.code == .wrongRank)
    #expect(refusal(gemm, [a, Fact(.float32, [512, 2]), Fact(.float32, [3])])?.code == .shapeMismatch)
    #expect(refusal(gemm, [a, Fact(.float32, [512, 2]), Fact(.float32, [2, 1, 2])])?.code == .shapeMismatch)
  }

  @Test func matMulFollowsNumPy() throws {
    let matMul = try operation("MatMul")
    let (matrix, vector) = (try counting([2, 3]), try Tensor([3], [Float(1), 10, 100]))
    #expect(try run(matMul, [matrix, vector]).doubles == [210, 543])
    #expect(try run(matMul, [matrix, vector]).shape == [2])
    #expect(try run(matMul, [vector, try counting([3, 2])]).doubles == [420, 531])
    #expect(try run(matMul, [vector, vector]).shape == [])
    #expect(try run(matMul, [vector, vector]).doubles == [10101])
    let stacked = try run(matMul, [try counting([2, 1, 1, 2]), try counting([3, 2, 1])])
    #expect(stacked.shape == [2, 3, 1, 1])
    #expect(stacked.doubles == [1, 3, 5, 3, 13, 23])
    #expect(try run(matMul, [try Tensor([1, 1], [Int64.max]), try Tensor([1, 1], [Int64(2)])]).ints == [-2])
    #expect(refusal(matMul, [Fact(matrix), Fact(matrix)])?.code == .shapeMismatch)
    #expect(refusal(matMul, [Fact(.float32, []), Fact(matrix)])?.code == .wrongRank)
    #expect(refusal(matMul, [Fact(.float32, [2, 2, 3]), Fact(.float32, [3, 3, 1])])?.code == .shapeMismatch)
    #expect(refusal(matMul, [Fact(.float32, [1 << 20, 0]), Fact(.float32, [0, 1 << 20])])?.code == .tooLarge)
  }
}
