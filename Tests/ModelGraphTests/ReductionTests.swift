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

  @Test func sumsAndTheirKind() throws {
    let x = try Tensor([2, 2], [1, -2, 3, -4] as [Float])
    let rows = try Tensor([1], [Int64(1)])
    func values(_ name: String) throws -> [Double] { try run(operation(name, opset: 18), [x, rows]).doubles }
    #expect(try values("ReduceSum") == [-1, -1])
    #expect(try values("ReduceProd") == [-2, -12])
    #expect(try values("ReduceMin") == [-2, -4])
    #expect(try values("ReduceL1") == [3, 7])
    #expect(isClose(try values("ReduceL2"), [2.2360680, 5]))
    #expect(try values("ReduceSumSquare") == [5, 25])
    #expect(try values("ReduceLogSum").allSatisfy { $0.isNaN })
    #expect(isClose(try values("ReduceLogSumExp"), [1.0485874, 3.0009115]))
    #expect(isClose(try run(operation("ReduceL2"), [try Tensor([2], [Int32(3), 5])]).doubles, [5]))
    let small = try Tensor([3], [UInt8(200), 100, 255])
    #expect(try run(operation("ReduceMin"), [small]).ints == [100])
    #expect(try run(operation("ReduceMin"), [try Tensor([2], [false, true])]).doubles == [0])
  }

  @Test func ofNothing() throws {
    let nothing = try Tensor([0], [Float]())
    for (name, expected) in [
      ("ReduceSum", 0.0), ("ReduceProd", 1), ("ReduceMin", .infinity), ("ReduceL1", 0), ("ReduceL2", 0),
      ("ReduceSumSquare", 0), ("ReduceLogSum", -.infinity), ("ReduceLogSumExp", -.infinity),
    ] { #expect(try run(operation(name), [nothing]).doubles == [expected], "\(name)") }
    #expect(try run(operation("ReduceMin"), [try Tensor([0], [UInt8]())]).ints == [255])
    #expect(try run(operation("ReduceMean"), [nothing]).doubles[0].isNaN)
  }

  /// Neither large nor infinite exponents overflow.
  @Test func stableLogSumExp() throws {
    func value(_ x: [Float]) throws -> Double {
      try run(operation("ReduceLogSumExp"), [try Tensor([x.count], x)]).doubles[0]
    }
    #expect(isClose([try value([1000, 1000])], [1000.6931472]))
    #expect(isClose([try value([-1000, -1000])], [-999.3068528]))
    #expect(try value([.infinity, 1]) == .infinity)
    #expect(try value([-.infinity, -.infinity]) == -.infinity)
    #expect(try value([.nan, 1]).isNaN)
    #expect(isClose([try value([-.infinity, 2])], [2]))
  }

  /// Sums of many numbers do not lose the small ones.
  @Test func longSums() throws {
    let x = try Tensor([1 << 17], [Float](repeating: 0.1, count: 1 << 17))
    #expect(isClose(try run(operation("ReduceSum"), [x]).doubles, [13107.2], tolerance: 1e-7))
  }

  @Test func axesOfReduceSumAreAnInputSinceThirteen() throws {
    let old = AttributeReader("ReduceSum", opset: 12, inputCount: 1, attributes: [.ints("axes", [0])])
    _ = try Operator("ReduceSum", domain: .onnx, old)
    #expect(old.addedInputs.first?.tensor.ints == [0])
    #expect(throws: GraphError.self) { try operation("ReduceSum", opset: 13, .ints("axes", [0])) }
    #expect(
      try run(operation("ReduceSumSquare", opset: 18, .int("noop_with_empty_axes", 1)), [counting([3])]).doubles == [
        0, 1, 4,
      ])
  }

  @Test func whereTheExtremesLie() throws {
    let x = try Tensor([2, 3], [1, 3, 3, 5, 4, 4] as [Int32])
    func places(_ name: String, _ attributes: Attribute..., of x: Tensor) throws -> Tensor {
      let reader = AttributeReader(name, opset: 13, inputCount: 1, attributes: attributes)
      return try run(try Operator(name, domain: .onnx, reader), [x])
    }
    #expect(try places("ArgMax", of: x).ints == [1, 1, 1])
    #expect(try places("ArgMax", of: x).shape == [1, 3])
    #expect(try places("ArgMax", .int("axis", -1), .int("keepdims", 0), of: x).ints == [1, 0])
    #expect(try places("ArgMax", .int("axis", 1), .int("select_last_index", 1), of: x).ints == [2, 0])
    #expect(try places("ArgMin", .int("axis", 1), of: x).ints == [0, 1])
    #expect(try places("ArgMin", .int("axis", 1), .int("select_last_index", 1), of: x).ints == [0, 2])
    let odd = try Tensor([4], [1, .nan, 9, .nan] as [Float])
    #expect(try places("ArgMax", of: odd).ints == [1])
    #expect(try places("ArgMin", of: odd).ints == [1])
    #expect(try places("ArgMax", .int("select_last_index", 1), of: odd).ints == [3])
    let argMax = try operation("ArgMax")
    #expect(refusal(argMax, [Fact(.float32, [0, 2])])?.code == .shapeMismatch)
    #expect(refusal(argMax, [Fact(.float32, [])])?.code == .badAttribute)
    #expect(try places("ArgMax", .int("axis", 1), of: try counting([0, 3])).shape == [0, 1])
  }

  @Test func runningSums() throws {
    let x = try Tensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float])
    let (rows, columns) = (try Tensor(scalar: Int32(1)), try Tensor([1], [Int64(-2)]))
    #expect(try run(operation("CumSum"), [x, rows]).doubles == [1, 3, 6, 4, 9, 15])
    #expect(try run(operation("CumSum"), [x, columns]).doubles == [1, 2, 3, 5, 7, 9])
    #expect(try run(operation("CumSum", .int("exclusive", 1)), [x, rows]).doubles == [0, 1, 3, 0, 4, 9])
    #expect(try run(operation("CumSum", .int("reverse", 1)), [x, rows]).doubles == [6, 5, 3, 15, 11, 6])
    let both = try operation("CumSum", .int("reverse", 1), .int("exclusive", 1))
    #expect(try run(both, [x, rows]).doubles == [5, 3, 0, 11, 6, 0])
    #expect(try run(operation("CumProd", opset: 26), [x, rows]).doubles == [1, 2, 6, 4, 20, 120])
    let large = try Tensor([2], [Int32.max, 1])
    #expect(
      try run(operation("CumSum"), [large, try Tensor(scalar: Int64(0))]).ints == [Int(Int32.max), Int(Int32.min)])
    #expect(try run(operation("CumSum"), [try counting([2, 0]), rows]).shape == [2, 0])
    #expect(refusal(try operation("CumSum"), [Fact(x), Fact(try Tensor(scalar: Int64(2)))])?.code == .badAttribute)
    #expect(refusal(try operation("CumSum"), [Fact(x), Fact(.int64, [])]) == nil)
    #expect(throws: GraphError.self) { try operation("CumSum").evaluate([x, try Tensor(scalar: Int64(2))]) }
  }
}
