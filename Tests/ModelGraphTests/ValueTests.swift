import ModelGraph
import Testing

/// Constant and Cast.
@Suite struct ValueTests {
  @Test func constantTakesEveryNumericForm() throws {
    let long = Int(Int64.max)
    #expect(try run(try operation("Constant", .int("value_int", long)), []).ints == [long])
    #expect(try run(try operation("Constant", .ints("value_ints", [1, 2])), []).shape == [2])
    #expect(try run(try operation("Constant", .float("value_float", 0.5)), []).doubles == [0.5])
    #expect(try run(try operation("Constant", Attribute("value_floats", .floats([1, 2]))), []).doubles == [1, 2])
    let tensor = Attribute("value", .tensor(try counting([2, 2])))
    #expect(try run(try operation("Constant", tensor), []).shape == [2, 2])
  }

  @Test func constantRefusesTextAndNothing() throws {
    let text = #expect(throws: GraphError.self) { try operation("Constant", .string("value_string", "cell")) }
    #expect(text?.code == .unsupportedType)
    let nothing = #expect(throws: GraphError.self) { try operation("Constant") }
    #expect(nothing?.code == .badAttribute)
  }

  /// ONNX's type numbers.
  private func cast<Element: TensorElement>(_ values: [Element], to number: Int) throws -> [Double] {
    try run(try operation("Cast", .int("to", number)), [try Tensor([values.count], values)]).doubles
  }

  @Test func castFromFloatGoesTowardsZeroAndStaysInRange() throws {
    let values: [Float] = [-1.9, 1.9, 300, -300, .nan, .infinity, -.infinity]
    #expect(try cast(values, to: 2) == [0, 1, 255, 0, 0, 255, 0])
    #expect(try cast(values, to: 3) == [-1, 1, 127, -128, 0, 127, -128])
    #expect(try cast([1e30, -1e30, .nan] as [Double], to: 7) == [Double(Int64.max), Double(Int64.min), 0])
  }

  @Test func castToNarrowerIntegersKeepsTheLowBits() throws {
    #expect(try cast([300, -1, 128] as [Int32], to: 2) == [44, 255, 128])
    #expect(try cast([Int64(1) << 32 + 5], to: 6) == [5])
    #expect(try cast([200, 100] as [UInt8], to: 3) == [-56, 100])
  }

  @Test func castToAndFromBool() throws {
    #expect(try cast([0, -0.0, 0.1, .nan] as [Float], to: 9) == [0, 0, 1, 1])
    #expect(try cast([true, false], to: 1) == [1, 0])
  }

  @Test func castRoundsToNearest() throws {
    #expect(try cast([16_777_217] as [Int64], to: 1) == [16_777_216])
    #expect(try cast([0.1] as [Double], to: 1) == [Double(Float(0.1))])
  }

  @Test(arguments: [(22, "int4"), (8, "string"), (17, "float8e4m3fn"), (99, "number 99")])
  func castNamesATypeItRefuses(_ number: Int, _ name: String) throws {
    let error = #expect(throws: GraphError.self) { try operation("Cast", .int("to", number)) }
    #expect(error?.code == .unsupportedType)
    #expect(error?.message.contains(name) == true)
  }
}
