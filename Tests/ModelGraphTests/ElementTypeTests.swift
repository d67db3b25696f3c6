import ModelGraph
import Testing

/// The element types, and the loops that compute with all of them (`Lanes`).
@Suite struct ElementTypeTests {
  @Test func numbersAndNamesAreONNXs() {
    let numbers = [1, 11, 3, 2, 6, 7, 9, 10, 16, 5, 4, 12, 13]
    #expect(ElementType.allCases.map { $0.onnxNumber } == numbers)
    #expect(numbers.map { ElementType(onnxNumber: $0) } == ElementType.allCases)
    for type in ElementType.allCases { #expect(ElementType.onnxName(type.onnxNumber) == type.name) }
  }

  /// Every bit pattern of both 16-bit floats comes back from the number it stands for.
  @Test func halvesRoundTrip() {
    for bits in 0...UInt16.max {
      let (half, brain) = (Half(bits: bits), BrainFloat(bits: bits))
      if half.float.isNaN {
        #expect(Half(Double(half.float)).float.isNaN)
      } else {
        #expect(Half(Double(half.float)) == half)
      }
      if brain.float.isNaN {
        #expect(BrainFloat(Double(brain.float)).float.isNaN)
      } else {
        #expect(BrainFloat(Double(brain.float)) == brain)
      }
    }
  }

  /// A number between two neighbours becomes the nearer one, and in the middle the one whose last bit is 0.
  @Test func halvesRoundToNearestEven() {
    for bits in stride(from: UInt16(0), to: 0x7C00, by: 1) {
      let (low, high) = (Half(bits: bits), Half(bits: bits + 1))
      let next = high.float.isInfinite ? 65536 : Double(high.float)
      let middle = (Double(low.float) + next) / 2
      #expect(Half(middle) == (bits & 1 == 0 ? low : high))
      #expect(Half(middle.nextDown) == low)
      #expect(Half(middle.nextUp) == high)
      #expect(Half(-middle.nextUp).bits == high.bits | 0x8000)
    }
    for bits in stride(from: UInt16(0), to: 0x7F80, by: 1) {
      let (low, high) = (BrainFloat(bits: bits), BrainFloat(bits: bits + 1))
      let next = high.float.isInfinite ? 0x1p128 : Double(high.float)
      let middle = (Double(low.float) + next) / 2
      #expect(BrainFloat(middle) == (bits & 1 == 0 ? low : high))
      #expect(BrainFloat(middle.nextDown) == low)
      #expect(BrainFloat(middle.nextUp) == high)
    }
    #expect(Half(1e300).float == .infinity)
    #expect(BrainFloat(-1e300).float == -.infinity)
  }

  /// Numbers at the ends of every type, from every type to every other.
  @Test(arguments: ElementType.allCases, ElementType.allCases) func castsAsCDoes(_ from: ElementType, _ to: ElementType)
    throws
  {
    let numbers: [Double] = [
      0, 1, 3, 100, 127, 128, 200, 255, 256, 32768, 65535, 0x1p31, 0x1p32, 0x1p40, -1, -3.75, -129,
    ]
    let source = try Tensor([numbers.count], numbers).converted(to: from)
    let cast = try run(operation("Cast", .int("to", to.onnxNumber)), [source])
    #expect(cast.type == to)
    for (x, y) in zip(source.doubles, cast.doubles) {
      let wide = Int64(exactly: x.rounded(.towardZero))
      switch to {
      case .bool: #expect(y == (x == 0 ? 0 : 1))
      case .float64: #expect(y == x)
      case .float32: #expect(y == Double(Float(x)))
      case .float16: #expect(y == Double(Half(x).float))
      case .bfloat16: #expect(y == Double(BrainFloat(x).float))
      case .int8: #expect(y == Double(narrowed(Int8.self, x, wide, from)))
      case .uint8: #expect(y == Double(narrowed(UInt8.self, x, wide, from)))
      case .int16: #expect(y == Double(narrowed(Int16.self, x, wide, from)))
      case .uint16: #expect(y == Double(narrowed(UInt16.self, x, wide, from)))
      case .int32: #expect(y == Double(narrowed(Int32.self, x, wide, from)))
      case .uint32: #expect(y == Double(narrowed(UInt32.self, x, wide, from)))
      case .int64: #expect(y == Double(narrowed(Int64.self, x, wide, from)))
      case .uint64: #expect(y == Double(narrowed(UInt64.self, x, wide, from)))
      }
    }
  }

  /// Floats saturate; integers keep their low bits.
  private func narrowed<Target: FixedWidthInteger>(
    _: Target.Type, _ x: Double, _ wide: Int64?, _ from: ElementType
  ) -> Target {
    // Only uint64 holds more than Int64 does.
    guard let wide else { return from.isFloat ? (x < 0 ? .min : .max) : Target(truncatingIfNeeded: UInt64(x)) }
    return from.isFloat ? Target(clamping: wide) : Target(truncatingIfNeeded: wide)
  }

  @Test func largeUnsignedNumbersAreExact() throws {
    let half: UInt64 = 1 << 63
    let large = try Tensor([3], [UInt64.max, half, half - 1])
    let three = try Tensor([1], [UInt64(3)])
    func expect(_ name: String, _ inputs: [Tensor?], _ expected: [UInt64]) throws {
      #expect(try run(operation(name), inputs).array(of: UInt64.self) == expected)
    }
    try expect("Div", [large, three], [.max / 3, half / 3, (half - 1) / 3])
    try expect("Add", [large, three], [2, half + 3, half + 2])
    try expect("Clip", [large, nil, try Tensor(scalar: half)], [half, half, half - 1])
  }

  /// A 64-bit integer is rounded once, not first to float64 and then again.
  @Test func integersAreRoundedOnce() throws {
    for value in [Int64(1) << 60 + 1 << 36 + 1, Int64(1) << 60 + 3 << 36 - 1, .max, .min, 1 << 53 + 1, 1 << 24 + 1] {
      for sign in [Int64(1), -1] {
        let number = sign &* value
        let tensor = try Tensor([1], [number])
        #expect(try tensor.converted(to: .float32).array(of: Float.self) == [Float(number)])
        #expect(try tensor.converted(to: .float64).array(of: Double.self) == [Double(number)])
        let bits = UInt64(bitPattern: number)
        #expect(try Tensor([1], [bits]).converted(to: .float32).array(of: Float.self) == [Float(bits)])
      }
    }
  }

  @Test(arguments: ElementType.allCases.filter { $0 != .bool }) func everyNumberTypeIsComputedWith(_ type: ElementType)
    throws
  {
    let a = try Tensor([2, 3], [1.0, 2, 3, 40, 50, 60]).converted(to: type)
    let b = try Tensor([3], [2.0, 1, 2]).converted(to: type)
    for (name, expected) in [
      ("Add", [3.0, 3, 5, 42, 51, 62]), ("Sub", [-1, 1, 1, 38, 49, 58]), ("Mul", [2, 2, 6, 80, 50, 120]),
    ] {
      let found = try run(operation(name), [a, b])
      #expect(found.type == type)
      let wrapped = name == "Sub" && type.lane == .unsigned
      #expect(Array(found.doubles.dropFirst(wrapped ? 1 : 0)) == Array(expected.dropFirst(wrapped ? 1 : 0)))
    }
    let quotient = try run(operation("Div"), [a, b]).doubles
    #expect(quotient == (type.isFloat ? [0.5, 2, 1.5, 20, 50, 30] : [0, 2, 1, 20, 50, 30]))
  }

  @Test func halvesAreRoundedAtEachNode() throws {
    let x = try Tensor([2], [Half(2048), Half(60000)])
    let one = try Tensor([2], [Half(1), Half(60000)])
    // 2049 lies between 2048 and 2050; 120000 is beyond float16.
    #expect(try run(operation("Add"), [x, one]).doubles == [2048, .infinity])
    let y = try Tensor([1], [BrainFloat(256)])
    #expect(try run(operation("Add"), [y, try Tensor([1], [BrainFloat(1)])]).doubles == [256])
    // A convolution adds in float32.
    let ones = try Tensor(zeros: [1, 1, 1, 4096]).mappedToOnes().converted(to: .float16)
    let sum = try run(operation("Conv"), [ones, ones])
    #expect(sum.type == .float16)
    #expect(sum.doubles == [4096])
    #expect(try run(operation("ReduceMean"), [ones]).doubles == [1])
  }

  /// What only moves elements moves those of two bytes too.
  @Test(arguments: [ElementType.float16, .bfloat16, .int16, .uint16, .uint32, .uint64]) func elementsAreMoved(
    _ type: ElementType
  ) throws {
    let x = try counting([2, 3]).converted(to: type)
    #expect(try run(operation("Transpose"), [x]).doubles == [0, 3, 1, 4, 2, 5])
    #expect(try run(operation("Gather", .int("axis", 1)), [x, try Tensor([1], [Int64(-1)])]).doubles == [2, 5])
    #expect(try run(operation("Concat", .int("axis", 0)), [x, x]).shape == [4, 3])
    #expect(try run(operation("Identity"), [x]).type == type)
  }

  @Test func loopsCoverLongAndBroadcastRows() throws {
    // Longer than a block, and not a multiple of one.
    let x = try counting([3, 1001])
    let column = try counting([3, 1], from: 10)
    let sums = try run(operation("Add"), [x, column]).doubles
    #expect(sums == x.doubles.enumerated().map { $1 + 10 + Double($0 / 1001) })
    let means = try run(operation("ReduceMean"), [x, try Tensor([1], [Int64(1)])]).doubles
    #expect(means == [500, 1501, 2502])
    let columns = try run(operation("ReduceMean"), [x, try Tensor([1], [Int64(0)])]).doubles
    #expect(columns == (0..<1001).map { Double($0) + 1001 })
  }

  @Test func nothingHasTheLowestMaximum() throws {
    for (type, lowest) in [(ElementType.int8, -128.0), (.uint8, 0), (.int32, -0x1p31), (.float16, -.infinity)] {
      #expect(try run(operation("ReduceMax"), [try Tensor(zeros: [0], type: type)]).doubles == [lowest])
    }
  }
}

extension Tensor {
  fileprivate func mappedToOnes() throws -> Tensor { try Tensor(shape, [Float](repeating: 1, count: count)) }
}
