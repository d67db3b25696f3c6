import ModelGraph
import Testing

/// Functions of one number, and of a few numbers that broadcast.
@Suite struct FunctionTests {
  private func values(_ name: String, _ attributes: Attribute..., at x: [Float]) throws -> [Double] {
    let reader = AttributeReader(name, opset: 28, inputCount: 1, attributes: attributes)
    return try run(try Operator(name, domain: .onnx, reader), [try Tensor([x.count], x)]).doubles
  }

  @Test func functionsFollowTheirFormulas() throws {
    #expect(isClose(try values("Exp", at: [0, 1, -1]), [1, 2.7182818, 0.36787944]))
    #expect(isClose(try values("Log", at: [1, 10]), [0, 2.3025851]))
    #expect(try values("Log", at: [0]) == [-.infinity])
    #expect(try values("Log", at: [-1])[0].isNaN)
    #expect(try values("Sqrt", at: [0, 2.25]) == [0, 1.5])
    #expect(try values("Sqrt", at: [-1])[0].isNaN)
    #expect(try values("Reciprocal", at: [4, -0.0]) == [0.25, -.infinity])
    #expect(isClose(try values("Erf", at: [-1, 0, 0.5]), [-0.8427008, 0, 0.5204999]))
    #expect(isClose(try values("Tanh", at: [-1, 0, 50]), [-0.7615942, 0, 1]))
    #expect(isClose(try values("Softsign", at: [-1, 3]), [-0.5, 0.75]))
    #expect(isClose(try values("Softplus", at: [-100, 0, 100]), [3.72e-44, 0.6931472, 100]))
    #expect(isClose(try values("Mish", at: [-1, 0, 2]), [-0.3034015, 0, 1.9439590]))
    #expect(isClose(try values("Swish", at: [-1, 2]), [-0.2689414, 1.7615942]))
    #expect(isClose(try values("Swish", .float("alpha", 0), at: [3]), [1.5]))
    #expect(isClose(try values("Gelu", at: [-1, 0, 2]), [-0.1586553, 0, 1.9544997]))
    #expect(isClose(try values("Gelu", .string("approximate", "tanh"), at: [-1, 0, 2]), [-0.1588080, 0, 1.9545977]))
    #expect(throws: GraphError.self) { try values("Gelu", .string("approximate", "erf"), at: []) }
    #expect(isClose(try values("Selu", at: [-1, 1]), [-1.1113307, 1.0507010]))
    #expect(isClose(try values("Celu", .float("alpha", 2), at: [-1, 1]), [-0.7869387, 1]))
    #expect(try values("ThresholdedRelu", at: [-1, 1, 1.5, .nan]) == [0, 0, 1.5, 0])
    #expect(try values("Shrink", .float("bias", 1), at: [-2, -0.5, 0.25, 2]) == [-1, 0, 0, 1])
    #expect(try run(operation("Shrink"), [try Tensor([3], [Int8(-3), 0, 3])]).ints == [-3, 0, 3])
  }

  /// Far below zero, Gelu is small but not 0: 1 + erf(x) would have cancelled.
  @Test func geluKeepsItsDigits() throws {
    let x = try Tensor([1], [-10.0])
    let y = try run(operation("Gelu", opset: 20), [x]).doubles[0]
    #expect(abs(y / -7.619853024160527e-23 - 1) < 1e-12)
  }

  @Test func rounding() throws {
    #expect(try values("Round", at: [0.5, 1.5, 2.5, -0.5, -2.5, 2.4]) == [0, 2, 2, 0, -2, 2])
    #expect(try values("Ceil", at: [-1.5, 1.2]) == [-1, 2])
    #expect(try values("Floor", at: [-1.5, 1.2]) == [-2, 1])
    #expect(try values("Sign", at: [-3, 0, 5]) == [-1, 0, 1])
    #expect(try values("Sign", at: [.nan])[0].isNaN)
    #expect(try run(operation("Sign"), [try Tensor([2], [UInt8(0), 7])]).ints == [0, 1])
  }

  @Test func trigonometry() throws {
    for (name, expected) in [
      ("Sin", 0.479425539), ("Cos", 0.877582562), ("Tan", 0.546302490), ("Asin", 0.523598776), ("Acos", 1.047197551),
      ("Atan", 0.463647609), ("Sinh", 0.521095305), ("Cosh", 1.127625965), ("Asinh", 0.481211825),
      ("Atanh", 0.549306144),
    ] { #expect(isClose(try values(name, at: [0.5]), [expected]), "\(name)") }
    #expect(isClose(try values("Acosh", at: [2]), [1.316957897]))
    #expect(try values("Acosh", at: [0.5])[0].isNaN)
  }

  @Test func notANumberStaysOne() throws {
    for name in [
      "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Tanh", "Softsign", "Softplus", "Mish", "Swish", "Gelu", "Selu",
      "Celu",
      "Sin", "Ceil", "Round", "Neg", "Abs",
    ] { #expect(try values(name, at: [.nan])[0].isNaN, "\(name)") }
  }

  @Test func integersNeverTrap() throws {
    let low = try Tensor([2], [Int8.min, 5])
    #expect(try run(operation("Neg"), [low]).ints == [-128, -5])
    #expect(try run(operation("Abs"), [low]).ints == [-128, 5])
    #expect(try run(operation("Neg"), [try Tensor(scalar: Int64.min)]).ints == [Int(Int64.min)])
    #expect(try values("Neg", at: [0])[0].sign == .minus)
    #expect(refusal(try operation("Neg"), [Fact(.uint8, [1])])?.code == .typeMismatch)
    #expect(try run(operation("BitwiseNot"), [try Tensor([2], [UInt16(1), 0])]).ints == [0xFFFE, 0xFFFF])
  }

  @Test func anyNumberOfInputs() throws {
    let (a, b, c) = (try counting([2, 1]), try counting([3], from: 1), try Tensor(scalar: Float(2)))
    #expect(try run(operation("Sum"), [a, b, c]).doubles == [3, 4, 5, 4, 5, 6])
    let means: [Double] = [1, 1.3333334, 1.6666667, 1.3333334, 1.6666667, 2]
    #expect(isClose(try run(operation("Mean"), [a, b, c]).doubles, means))
    #expect(try run(operation("Max"), [a, b, c]).doubles == [2, 2, 3, 2, 2, 3])
    #expect(try run(operation("Min"), [a, b, c]).doubles == [0, 0, 0, 1, 1, 1])
    #expect(try run(operation("Sum"), [a]).doubles == [0, 1])
    #expect(
      try run(operation("Max"), [try Tensor([2], [UInt64.max, 0]), try Tensor(scalar: UInt64(1))]).ints?[1] == 1)
    let odd = try Tensor([2], [Float.nan, 1])
    for name in ["Max", "Min"] {
      let both = try run(operation(name), [odd, try Tensor([2], [Float(0), .nan])]).doubles
      #expect(both.allSatisfy { $0.isNaN })
    }
    #expect(refusal(try operation("Sum"), [Fact(.float32, [2]), Fact(.float64, [2])])?.code == .typeMismatch)
    #expect(refusal(try operation("Sum"), [Fact(.int32, [2])])?.code == .typeMismatch)
    #expect(refusal(try operation("Max"), [Fact(.float32, [2]), Fact(.float32, [3])])?.code == .shapeMismatch)
    #expect(refusal(try operation("Max"), [])?.code == .wrongArity)
  }

  @Test func powers() throws {
    let pow = try operation("Pow")
    #expect(
      try run(pow, [try Tensor([3], [2, 3, -2] as [Float]), try Tensor(scalar: Int32(3))]).doubles == [8, 27, -8])
    #expect(try run(pow, [try Tensor([3], [2, -1, 0] as [Int32]), try Tensor(scalar: Int8(-1))]).ints == [0, -1, 0])
    #expect(try run(pow, [try Tensor([2], [3, 2] as [Int64]), try Tensor(scalar: UInt64.max)]).ints?[1] == 0)
    #expect(try run(pow, [try Tensor([1], [9] as [Int64]), try Tensor(scalar: Float(0.5))]).ints == [3])
    #expect(try run(pow, [try Tensor([1], [Int32(10)]), try Tensor(scalar: Float(20))]).ints == [Int(Int32.max)])
    #expect(refusal(pow, [Fact(.int8, [1]), Fact(.int8, [1])])?.code == .typeMismatch)
  }

  @Test func remainders() throws {
    let (floor, truncated) = (try operation("Mod"), try operation("Mod", .int("fmod", 1)))
    let (a, b) = (try Tensor([4], [7, -7, 7, -7] as [Int32]), try Tensor([4], [3, 3, -3, -3] as [Int32]))
    #expect(try run(floor, [a, b]).ints == [1, 2, -2, -1])
    #expect(try run(truncated, [a, b]).ints == [1, -1, 1, -1])
    #expect(try run(floor, [try Tensor([2], [Int64.min, 5]), try Tensor([2], [Int64(-1), 0])]).ints == [0, 0])
    #expect(try run(floor, [try Tensor([1], [UInt8(7)]), try Tensor([1], [UInt8(0)])]).ints == [0])
    let (x, y) = (try Tensor([3], [-4.5, 5, -0.0] as [Float]), try Tensor([3], [3, -3, 2] as [Float]))
    #expect(try run(floor, [x, y]).doubles == [1.5, -1, 0])
    #expect(try run(truncated, [x, y]).doubles == [-1.5, 2, 0])
    #expect(try run(floor, [x, try Tensor(scalar: Float(0))]).doubles.allSatisfy { $0.isNaN })
    #expect(try run(floor, [x, try Tensor(scalar: Float.infinity)]).doubles == [.infinity, 5, 0])
  }

  @Test func slopesPerChannel() throws {
    let x = try Tensor([1, 2, 2], [-1, 2, -3, 4] as [Float])
    let slope = try Tensor([2, 1], [10, 100] as [Float])
    #expect(try run(operation("PRelu"), [x, slope]).doubles == [-10, 2, -300, 4])
    #expect(refusal(try operation("PRelu"), [Fact(.float32, [2]), Fact(.float32, [1, 2])])?.code == .shapeMismatch)
    let old = AttributeReader("PRelu", opset: 6, inputCount: 2, attributes: [])
    _ = try Operator("PRelu", domain: .onnx, old)
    #expect(old.alignedInputs.map { $0.axis } == [1])
  }

  @Test func hardmax() throws {
    let x = try Tensor([2, 3], [1, 3, 3, .nan, 1, .infinity] as [Float])
    #expect(try run(operation("Hardmax"), [x]).doubles == [0, 1, 0, 1, 0, 0])
    #expect(try run(operation("Hardmax", .int("axis", 0)), [x]).doubles == [0, 1, 0, 1, 0, 1])
    #expect(try run(operation("Hardmax", opset: 11, .int("axis", 0)), [x]).doubles == [0, 0, 0, 1, 0, 0])
    #expect(try run(operation("Hardmax"), [try Tensor([2, 0], [Float]())]).shape == [2, 0])
  }

  @Test func functionsOfMicrosoft() throws {
    let x = try Tensor([1, 2], [-1, 1] as [Float])
    let bias = try Tensor([2], [0, 1] as [Float])
    #expect(isClose(try run(operation("Gelu", domain: .microsoft), [x]).doubles, [-0.1586553, 0.8413447]))
    #expect(isClose(try run(operation("QuickGelu", domain: .microsoft), [x]).doubles, [-0.1542042, 0.8457958]))
    #expect(isClose(try run(operation("BiasGelu", domain: .microsoft), [x, bias]).doubles, [-0.1586553, 1.9544997]))
    let fast = try operation("FastGelu", domain: .microsoft)
    #expect(isClose(try run(fast, [x, bias]).doubles, [-0.1588080, 1.9545977]))
    #expect(isClose(try run(fast, [x]).doubles, [-0.1588080, 0.8411920]))
    #expect(refusal(fast, [Fact(x), Fact(.float32, [3])])?.code == .shapeMismatch)
  }
}
