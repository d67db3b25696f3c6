import ModelGraph
import Testing

/// Resize and the older Upsample. Expected numbers are worked out by hand from the page's formulas.
@Suite struct ResizeTests {
  private func reals(_ values: Float...) throws -> Tensor { try Tensor([values.count], values) }
  private func ints(_ values: Int64...) throws -> Tensor { try Tensor([values.count], values) }

  private func resize(
    _ x: Tensor, scales: Tensor? = nil, sizes: Tensor? = nil, roi: Tensor? = nil, _ attributes: Attribute...
  ) throws -> Tensor {
    let reader = AttributeReader("Resize", opset: 19, inputCount: 4, attributes: attributes)
    return try run(try Operator("Resize", domain: .onnx, reader), [x, roi, scales, sizes])
  }

  @Test func nearestRepeatsElementsOfAnyType() throws {
    let x = try Tensor([1, 1, 2], [Int8(1), 2])
    #expect(try resize(x, scales: reals(1, 1, 2)).doubles == [1, 1, 2, 2])
    #expect(try resize(x, sizes: ints(1, 2, 3)).shape == [1, 2, 3])
  }

  @Test(
    arguments: [
      ("round_prefer_floor", [0, 0, 1, 1]), ("round_prefer_ceil", [0, 1, 1, 2]), ("floor", [0, 0, 1, 1]),
      ("ceil", [0, 1, 1, 2]),
    ] as [(String, [Double])])
  func nearestRoundsAsAsked(_ mode: String, _ expected: [Double]) throws {
    // Coordinates 0, 1/2, 1, 3/2.
    let asymmetric = Attribute.string("coordinate_transformation_mode", "asymmetric")
    let y = try resize(try counting([3]), sizes: ints(6), asymmetric, .string("nearest_mode", mode))
    #expect(Array(y.doubles[..<4]) == expected)
  }

  @Test(
    arguments: [
      ("half_pixel", [0, 0.25, 0.75, 1]), ("pytorch_half_pixel", [0, 0.25, 0.75, 1]),
      ("half_pixel_symmetric", [0, 0.25, 0.75, 1]), ("asymmetric", [0, 0.5, 1, 1]),
      ("align_corners", [0, 1.0 / 3, 2.0 / 3, 1]), ("tf_half_pixel_for_nn", [0.25, 0.75, 1, 1]),
    ] as [(String, [Double])])
  func linearFollowsItsCoordinates(_ mode: String, _ expected: [Double]) throws {
    let y = try resize(
      try counting([2]), scales: reals(2), .string("mode", "linear"), .string("coordinate_transformation_mode", mode))
    #expect(isClose(y.doubles, expected))
  }

  @Test func cropAndResizeReadsARegion() throws {
    let y = try resize(
      try counting([5]), sizes: ints(3), roi: reals(0.25, 1.25), .string("mode", "linear"),
      .string("coordinate_transformation_mode", "tf_crop_and_resize"), .float("extrapolation_value", 9))
    #expect(isClose(y.doubles, [1, 3, 9]))
    #expect(throws: GraphError.self) {
      try resize(
        try counting([5]), sizes: ints(3), .string("coordinate_transformation_mode", "tf_crop_and_resize"))
    }
  }

  @Test func cubicKeepsStraightLinesAndWeighsItsTaps() throws {
    // At 3/2 of 0, 1, 2, 3 with a = −1/2 a straight line stays one.
    let y = try resize(
      try counting([4]), scales: reals(2), .string("mode", "cubic"), .float("cubic_coeff_a", -0.5),
      .string("coordinate_transformation_mode", "asymmetric"))
    #expect(isClose([y.doubles[2], y.doubles[3], y.doubles[4]], [1, 1.5, 2]))
    // At 1/2 of 0, 1 the taps are −3/32, 19/32, 19/32, −3/32, of which the outer ones do not count.
    let excluding = try resize(
      try counting([2]), sizes: ints(4), .string("mode", "cubic"), .flag("exclude_outside", true),
      .string("coordinate_transformation_mode", "asymmetric"))
    #expect(isClose([excluding.doubles[1]], [0.5]))
  }

  @Test func antialiasedLinearIsAMeanOfMore() throws {
    // Half the size: weights 1/8, 3/8, 3/8, 1/8 around the middle of two elements.
    let y = try resize(try counting([8]), sizes: ints(4), .string("mode", "linear"), .flag("antialias", true))
    #expect(isClose(Array(y.doubles[1...2]), [2.5, 4.5]))
    #expect(throws: GraphError.self) { try resize(try counting([8]), sizes: ints(4), .flag("antialias", true)) }
  }

  @Test func onlyNamedAxesAndInAnyNumber() throws {
    let x = try counting([1, 2, 2, 2, 2])
    let y = try resize(x, scales: reals(2, 2, 2), .string("mode", "linear"), .ints("axes", [-3, 3, 4]))
    #expect(y.shape == [1, 2, 4, 4, 4])
    #expect(y.doubles.first == 0 && y.doubles.last == 15)
  }

  @Test func sizesMayKeepTheRatio() throws {
    let x = try counting([2, 4])
    for (policy, shape) in [("stretch", [7, 8]), ("not_larger", [4, 8]), ("not_smaller", [7, 14])] {
      let y = try resize(x, sizes: ints(7, 8), .string("keep_aspect_ratio_policy", policy))
      #expect(y.shape.extents == shape)
    }
  }

  @Test func integersAreRoundedAndFloatsKeepTheirType() throws {
    let x = try Tensor([2], [UInt8(0), 3])
    let linear = Attribute.string("mode", "linear")
    #expect(try resize(x, scales: reals(2), linear).doubles == [0, 1, 2, 3])
    let half = try resize(try counting([2]).converted(to: .float16), scales: reals(2), linear)
    #expect(half.type == .float16)
    #expect(half.doubles == [0, 0.25, 0.75, 1])
  }

  @Test func extentsAreRoundedInFloat32() throws {
    #expect(try resize(try counting([10]), scales: reals(0.7)).shape == [7])
  }

  @Test func upsampleAndOpset10RoundTowardsTheLower() throws {
    let up = AttributeReader("Upsample", opset: 7, inputCount: 1, attributes: [.init("scales", .floats([2.5]))])
    let upsample = try Operator("Upsample", domain: .onnx, up)
    #expect(upsample.name == "Resize")
    let inputs = up.addedInputs
    #expect(inputs.map { $0.index } == [2])
    let y = try run(upsample, [try counting([3]), nil, inputs[0].tensor])
    #expect(y.doubles == [0, 0, 0, 1, 1, 2, 2])
    // The scales were input 1 and are input 2.
    let old = AttributeReader("Resize", opset: 10, inputCount: 2, attributes: [])
    let resize = try Operator("Resize", domain: .onnx, old)
    #expect(old.insertedInputs == [1])
    let smaller = try run(resize, [try counting([12]), nil, try reals(0.7)])
    #expect(smaller.doubles == [0, 2, 3, 5, 6, 8, 9, 10])
  }

  @Test func refusesWhatItCannotDo() throws {
    let x = Fact(.float32, [2, 2])
    let resize = try operation("Resize")
    #expect(refusal(resize, [x])?.code == .wrongArity)
    #expect(refusal(resize, [x, nil, Fact(.float32, [2])])?.code == .notConstant)
    #expect(refusal(resize, [x, nil, Fact(try reals(1)), nil])?.code == .shapeMismatch)
    for scale in [0, -1, Float.nan, .infinity] {
      #expect(refusal(resize, [x, nil, Fact(try reals(1, scale))]) != nil)
    }
    #expect(refusal(resize, [x, nil, Fact(try reals(1e30, 1e30))])?.code == .tooLarge)
    #expect(refusal(resize, [x, nil, nil, Fact(try ints(1, -1))])?.code == .shapeMismatch)
    #expect(refusal(resize, [Fact(.float32, [0]), nil, nil, Fact(try ints(1))])?.code == .shapeMismatch)
    #expect(refusal(resize, [x, nil, Fact(try reals(1, 1)), Fact(try ints(1, 1))])?.code == .wrongArity)
    #expect(throws: GraphError.self) { try operation("Resize", .string("mode", "area")) }
    let tiny = try operation(
      "Resize", .string("mode", "linear"), .flag("antialias", true),
      .string("coordinate_transformation_mode", "tf_crop_and_resize"))
    let inputs = [Fact(.float32, [2]), Fact(try reals(0, 1e10)), Fact(try reals(1e-9))]
    #expect(refusal(tiny, inputs)?.code == .badInput)
  }

  @Test func emptyTensorsStayEmpty() throws {
    let linear = Attribute.string("mode", "linear")
    #expect(try resize(try counting([0, 2]), scales: reals(1, 2), linear).shape == [0, 4])
    #expect(try resize(try counting([2]), scales: reals(0.4), linear).shape == [0])
  }
}
