import ModelGraph
import Testing

/// Operators of truth values and of bits.
@Suite struct ComparisonTests {
  private func truths(_ name: String, _ inputs: [Tensor?]) throws -> [Bool] {
    try run(operation(name), inputs).array(of: Bool.self)
  }

  @Test func comparisons() throws {
    let (a, b) = (try Tensor([4], [1, 2, 3, .nan] as [Float]), try Tensor([4], [2, 2, 2, .nan] as [Float]))
    #expect(try truths("Equal", [a, b]) == [false, true, false, false])
    #expect(try truths("Greater", [a, b]) == [false, false, true, false])
    #expect(try truths("GreaterOrEqual", [a, b]) == [false, true, true, false])
    #expect(try truths("Less", [a, b]) == [true, false, false, false])
    #expect(try truths("LessOrEqual", [a, b]) == [true, true, false, false])
    let (big, small) = (try Tensor(scalar: UInt64.max), try Tensor([2], [UInt64(1), .max]))
    #expect(try truths("Greater", [big, small]) == [true, false])
    #expect(try truths("Equal", [try Tensor([2], [true, false]), try Tensor(scalar: false)]) == [false, true])
    #expect(refusal(try operation("Less"), [Fact(.bool, []), Fact(.bool, [])])?.code == .typeMismatch)
  }

  @Test func logic() throws {
    let (a, b) = (try Tensor([2, 1], [true, false]), try Tensor([2], [true, false]))
    #expect(try truths("And", [a, b]) == [true, false, false, false])
    #expect(try truths("Or", [a, b]) == [true, true, true, false])
    #expect(try truths("Xor", [a, b]) == [false, true, true, false])
    #expect(try truths("Not", [b]) == [false, true])
    #expect(refusal(try operation("Not"), [Fact(.uint8, [])])?.code == .typeMismatch)
  }

  @Test func bits() throws {
    let (a, b) = (try Tensor([2], [Int8(12), -1]), try Tensor([2], [Int8(10), 7]))
    #expect(try run(operation("BitwiseAnd"), [a, b]).ints == [8, 7])
    #expect(try run(operation("BitwiseOr"), [a, b]).ints == [14, -1])
    #expect(try run(operation("BitwiseXor"), [a, b]).ints == [6, -8])
    let x = try Tensor([4], [UInt8(16), 129, 255, 1])
    let count = try Tensor([4], [UInt8(1), 1, 8, 255])
    #expect(try run(operation("BitShift", .string("direction", "RIGHT")), [x, count]).ints == [8, 64, 0, 0])
    #expect(try run(operation("BitShift", .string("direction", "LEFT")), [x, count]).ints == [32, 2, 0, 0])
    let signed = try Tensor([3], [Int8(-8), -8, 8])
    let shifts = try Tensor([3], [Int8(1), -1, -1])
    #expect(try run(operation("BitShift", .string("direction", "RIGHT")), [signed, shifts]).ints == [-4, -1, 0])
    #expect(try run(operation("BitShift", .string("direction", "LEFT")), [signed, shifts]).ints == [-16, 0, 0])
    #expect(throws: GraphError.self) { try operation("BitShift") }
  }

  @Test func choice() throws {
    let condition = try Tensor([2, 1], [true, false])
    let (x, y) = (try Tensor([3], [1, 2, 3] as [Int16]), try Tensor([2, 3], [10, 20, 30, 40, 50, 60] as [Int16]))
    #expect(try run(operation("Where"), [condition, x, y]).ints == [1, 2, 3, 40, 50, 60])
    let mixed = try Tensor([3], [false, true, false])
    #expect(try run(operation("Where"), [mixed, x, y]).ints == [10, 2, 30, 40, 2, 60])
    #expect(try run(operation("Where"), [mixed, try counting([0, 3]), try counting([1, 3])]).shape == [0, 3])
    #expect(refusal(try operation("Where"), [Fact(mixed), Fact(x), Fact(.int32, [])])?.code == .typeMismatch)
    #expect(refusal(try operation("Where"), [Fact(mixed), Fact(x), Fact(.int16, [2])])?.code == .shapeMismatch)
    let wide = Fact(.int16, [1 << 20, 1])
    #expect(refusal(try operation("Where"), [Fact(mixed), wide, Fact(.int16, [1, 1 << 20])])?.code == .tooLarge)
  }

  @Test func oddNumbers() throws {
    let x = try Tensor([4], [.nan, .infinity, -.infinity, 1] as [Float])
    #expect(try truths("IsNaN", [x]) == [true, false, false, false])
    #expect(try truths("IsInf", [x]) == [false, true, true, false])
    let negative = try operation("IsInf", .int("detect_positive", 0))
    #expect(try run(negative, [x]).array(of: Bool.self) == [false, false, true, false])
  }

  @Test func castToTheTypeOfAnother() throws {
    let x = try Tensor([2], [2.75, -1] as [Float])
    #expect(try run(operation("CastLike"), [x, try Tensor(scalar: UInt8(0))]).ints == [2, 0])
    #expect(try run(operation("CastLike"), [x, try Tensor([2], [true, true])]).array(of: Bool.self) == [true, true])
  }
}
