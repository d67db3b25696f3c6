import ModelGraph
import Testing

@Suite struct ElementwiseTests {
  /// Before opset 11 the bounds of Clip and the value of Pad are attributes, which are float32 for all floats.
  @Test(arguments: [ElementType.float16, .float64]) func attributesOfOtherFloats(type: ElementType) throws {
    let x = try Tensor([3], [Float(-2), 0.5, 9]).converted(to: type)
    let clip = try run(
      operation("Clip"), [x, try Tensor(scalar: Float(0)), try Tensor(scalar: Float(1))])
    #expect(clip.type == type && clip.doubles == [0, 0.5, 1])
    let pad = try run(operation("Pad"), [x, try Tensor([2], [Int64(1), 0]), try Tensor(scalar: Float(0.25))])
    #expect(pad.type == type && pad.doubles == [0.25, -2, 0.5, 9])
    let wrong = refusal(try operation("Clip"), [Fact(.float32, [3]), Fact(.float64, [])])
    #expect(wrong?.code == .typeMismatch)
  }

  @Test func broadcastsAsNumPyDoes() throws {
    let x = try counting([2, 3, 2])
    let perChannel = try Tensor([3, 1], [Float(10), 20, 30])
    #expect(try run(operation("Add"), [x, perChannel]).doubles == [10, 11, 22, 23, 34, 35, 16, 17, 28, 29, 40, 41])
    let (column, row) = (try counting([2, 1]), try counting([1, 3], from: 1))
    #expect(try run(operation("Mul"), [column, row]).doubles == [0, 0, 0, 1, 2, 3])
    #expect(try run(operation("Sub"), [try Tensor(scalar: Float(1)), row]).doubles == [0, -1, -2])
    let lastAndFirst = try run(operation("Add"), [try counting([2, 1, 2]), try counting([3, 1], from: 10)])
    #expect(lastAndFirst.doubles == [10, 11, 11, 12, 12, 13, 12, 13, 13, 14, 14, 15])
    #expect(try run(operation("Add"), [try counting([0, 3]), row]).shape == [0, 3])
    #expect(try run(operation("Add"), [try Tensor(scalar: 1.5), try Tensor(scalar: 2.0)]).doubles == [3.5])
  }

  @Test func integersNeverTrap() throws {
    let a = try Tensor([4], [Int32.max, Int32.min, 7, -7])
    #expect(try run(operation("Add"), [a, try Tensor([1], [Int32(1)])]).ints?.first == Int(Int32.min))
    #expect(try run(operation("Div"), [a, try Tensor([4], [Int32(0), -1, 2, 2])]).ints == [0, Int(Int32.min), 3, -3])
    #expect(try run(operation("Mul"), [try Tensor([1], [UInt8(200)]), try Tensor([1], [UInt8(2)])]).ints == [144])
    #expect(try run(operation("Sub"), [try Tensor([1], [Int8(-128)]), try Tensor([1], [Int8(1)])]).ints == [127])
    #expect(try run(operation("Mul"), [try Tensor(scalar: Int64.max), try Tensor(scalar: Int64(2))]).ints == [-2])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let add = try operation("Add")
    #expect(refusal(add, [Fact(.float32, [2]), Fact(.float32, [3])])?.code == .shapeMismatch)
    #expect(refusal(add, [Fact(.float32, [2]), Fact(.float64, [2])])?.code == .typeMismatch)
    #expect(refusal(add, [Fact(.bool, [2]), Fact(.bool, [2])])?.code == .typeMismatch)
    #expect(refusal(add, [Fact(.float32, [2]), nil])?.code == .wrongArity)
    #expect(refusal(add, [Fact(.float32, [1 << 20, 1]), Fact(.float32, [1, 1 << 20])])?.code == .tooLarge)
  }

  @Test func activationsFollowTheirFormulas() throws {
    let x = try Tensor([5], [Float(-4), -1, 0, 1, 4])
    #expect(try run(operation("Relu"), [x]).doubles == [0, 0, 0, 1, 4])
    #expect(try run(operation("Relu"), [try Tensor([2], [Int32(-3), 3])]).ints == [0, 3])
    #expect(isClose(try run(operation("LeakyRelu"), [x]).doubles, [-0.04, -0.01, 0, 1, 4]))
    #expect(isClose(try run(operation("LeakyRelu", .float("alpha", 0.5)), [x]).doubles, [-2, -0.5, 0, 1, 4]))
    let elu = [-0.9816843611, -0.6321205588, 0, 1, 4]
    #expect(isClose(try run(operation("Elu"), [x]).doubles, elu))
    #expect(isClose(try run(operation("Elu", .float("alpha", 2)), [x]).doubles, elu.map { $0 < 0 ? 2 * $0 : $0 }))
    let sigmoid = [0.0179862, 0.2689414, 0.5, 0.7310586, 0.9820138]
    #expect(isClose(try run(operation("Sigmoid"), [x]).doubles, sigmoid))
    #expect(isClose(try run(operation("HardSigmoid"), [x]).doubles, [0, 0.3, 0.5, 0.7, 1]))
    #expect(isClose(try run(operation("HardSwish"), [x]).doubles, [0, -1.0 / 3, 0, 2.0 / 3, 4]))
    #expect(try run(operation("Sigmoid"), [try Tensor([2], [-1e9, 1e9])]).doubles == [0, 1])
    #expect(refusal(try operation("Sigmoid"), [Fact(.int32, [1])])?.code == .typeMismatch)
    #expect(refusal(try operation("Relu"), [Fact(.uint8, [1])])?.code == .typeMismatch)
  }

  @Test func notANumberStaysOne() throws {
    let x = try Tensor([1], [Float.nan])
    for name in ["Relu", "LeakyRelu", "Elu", "Sigmoid", "HardSigmoid", "HardSwish", "Clip"] {
      #expect(try run(operation(name), [x]).doubles[0].isNaN)
    }
  }

  @Test func clipTakesEitherBound() throws {
    let x = try Tensor([3], [Float(-2), 0, 2])
    let (low, high) = (try Tensor(scalar: Float(-1)), try Tensor(scalar: Float(1)))
    let clip = try operation("Clip")
    #expect(try run(clip, [x, low, high]).doubles == [-1, 0, 1])
    #expect(try run(clip, [x, low]).doubles == [-1, 0, 2])
    #expect(try run(clip, [x, nil, high]).doubles == [-2, 0, 1])
    #expect(try run(clip, [x]).doubles == [-2, 0, 2])
    #expect(try run(clip, [x, high, low]).doubles == [-1, -1, -1])
    #expect(try run(clip, [try Tensor([2], [Int8(-9), 9]), try Tensor(scalar: Int8(0))]).ints == [0, 9])
    #expect(refusal(clip, [Fact(x), Fact(.float64, [])])?.code == .typeMismatch)
    #expect(refusal(clip, [Fact(x), Fact(.float32, [2])])?.code == .shapeMismatch)
    #expect(refusal(clip, [Fact(x), Fact(.float32, [0])])?.code == .shapeMismatch)
  }

  /// What onnxruntime 1.32 gives: an absent bound is the type's lowest or highest finite value, a NaN is none.
  @Test func clipCutsInfinities() throws {
    let x: [Float] = [.infinity, -.infinity, .nan, 3e38, -3e38]
    let most = Float.greatestFiniteMagnitude
    let cases: [(min: Float?, max: Float?, wanted: [Float])] = [
      (nil, nil, [most, -most, .nan, 3e38, -3e38]), (0, nil, [most, 0, .nan, 3e38, 0]),
      (nil, 6, [6, -most, .nan, 6, -3e38]), (.nan, nil, [most, -.infinity, .nan, 3e38, -3e38]),
      (nil, .nan, [.infinity, -most, .nan, 3e38, -3e38]), (-.infinity, .infinity, x),
    ]
    for (min, max, wanted) in cases {
      let bounds = [try min.map { try Tensor(scalar: $0) }, try max.map { try Tensor(scalar: $0) }]
      let found = try run(operation("Clip"), [try Tensor([5], x)] + bounds).array(of: Float.self)
      for (a, b) in zip(found, wanted) { #expect(a == b || a.isNaN && b.isNaN, "\(min as Any), \(max as Any)") }
    }
    let wide = try run(operation("Clip"), [try Tensor([2], [Double.infinity, -Double.infinity])]).doubles
    #expect(wide == [Double.greatestFiniteMagnitude, -Double.greatestFiniteMagnitude])
  }

  @Test func oldClipBoundsBecomeInputs() throws {
    let reader = AttributeReader("Clip", opset: 6, inputCount: 1, attributes: [.float("max", 6)])
    let clip = try Operator("Clip", domain: .onnx, reader)
    #expect(reader.addedInputs.map { $0.index } == [2])
    #expect(reader.addedInputs.first?.tensor.doubles == [6])
    #expect(clip.attributes.isEmpty)
    #expect(throws: GraphError.self) { try operation("Clip", opset: 11, .float("max", 6)) }
  }

  @Test func dropoutOutsideTrainingChangesNothing() throws {
    let x = try counting([2, 2])
    #expect(throws: GraphError.self) { try operation("Dropout", opset: 6, .int("is_test", 0)) }
    _ = try operation("Dropout", opset: 6, .int("is_test", 1))
    let reader = AttributeReader("Dropout", opset: 7, inputCount: 1, attributes: [.float("ratio", 0.25)])
    let dropout = try Operator("Dropout", domain: .onnx, reader)
    #expect(reader.addedInputs.first?.tensor.doubles == [0.25])
    #expect(try run(dropout, [x]).doubles == x.doubles)
    #expect(try run(dropout, [x], output: 1).array(of: Bool.self) == [true, true, true, true])
    let (ratio, zero) = (try Tensor(scalar: Float(0.5)), try Tensor(scalar: Float(0)))
    let (yes, no) = (try Tensor(scalar: true), try Tensor(scalar: false))
    #expect(try run(dropout, [x, ratio, no]).doubles == x.doubles)
    #expect(try run(dropout, [x, zero, yes]).doubles == x.doubles)
    #expect(throws: GraphError.self) { try dropout.evaluate([x, ratio, yes]) }
    #expect(throws: GraphError.self) { try dropout.evaluate([x, nil, yes]) }
  }

  @Test func identityTakesAnyType() throws {
    #expect(try run(operation("Identity"), [try Tensor([2], [true, false])]).doubles == [1, 0])
  }
}
