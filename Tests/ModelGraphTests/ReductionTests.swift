import ModelGraph
import Testing

@Suite struct ReductionTests {
  @Test func meansOverAnyAxes() throws {
    let x = try counting([2, 3, 2])
    func mean(_ axes: [Int64]?, _ attributes: Attribute...) throws -> Tensor {
      let reader = AttributeReader("ReduceMean", opset: 18, inputCount: 2, attributes: attributes)
      let axes = try axes.map { try Tensor([$0.count], $0) }
      return try run(try Operator("ReduceMean", domain: .onnx, reader), [x, axes])
    }
    #expect(try mean([1]).doubles == [2, 3, 8, 9])
    #expect(try mean([1]).shape == [2, 1, 2])
    #expect(try mean([-1, 0], .int("keepdims", 0)).doubles == [3.5, 5.5, 7.5])
    #expect(try mean([2, 1]).doubles == [2.5, 8.5])
    #expect(try mean([0]).doubles == [3, 4, 5, 6, 7, 8])
    #expect(try mean(nil, .int("keepdims", 0)).shape == [])
    #expect(try mean([]).doubles == [5.5])
    #expect(try mean([], .int("noop_with_empty_axes", 1)).doubles == x.doubles)
    #expect(throws: GraphError.self) { try mean([3]) }
  }

  @Test func integersAreTruncated() throws {
    let all = try operation("ReduceMean")
    #expect(try run(all, [try Tensor([2], [Int32(-3), 0])]).ints == [-1])
    #expect(try run(all, [try Tensor([0], [Int64]())]).ints == [0])
    #expect(refusal(all, [Fact(.uint8, [2])])?.code == .typeMismatch)
    #expect(refusal(all, [Fact(.float32, [2]), Fact(.int64, [1])])?.code == .notConstant)
  }

  @Test func oldAxesBecomeAnInput() throws {
    let reader = AttributeReader(
      "ReduceMean", opset: 13, inputCount: 1, attributes: [.ints("axes", [2, 3]), .int("keepdims", 0)])
    let mean = try Operator("ReduceMean", domain: .onnx, reader)
    #expect(reader.addedInputs.first?.tensor.ints == [2, 3])
    guard case .reduceMean(let definition) = mean else { return #expect(Bool(false)) }
    #expect(!definition.reduction.keepsAxes)
  }

  @Test func maximaOverAnyAxes() throws {
    let most = try operation("ReduceMax")
    let x = try counting([2, 3, 2])
    #expect(try run(most, [x, try Tensor([2], [Int64(0), -2])]).doubles == [10, 11])
    #expect(try run(most, [x]).shape == [1, 1, 1])
    let odd = try Tensor([2, 2], [Float.nan, 1, -2, -3])
    let rows = try run(most, [odd, try Tensor([1], [Int64(1)])]).doubles
    #expect(rows[0].isNaN && rows[1] == -2)
    #expect(try run(most, [try Tensor([0], [Float]())]).doubles == [-Double.infinity])
    #expect(try run(most, [try Tensor([2], [false, true])]).doubles == [1])
  }
}
