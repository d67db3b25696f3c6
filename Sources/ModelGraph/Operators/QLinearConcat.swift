/// QLinearConcat of com.microsoft: quantised tensors side by side along one axis, brought to one scale.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearConcat
///
/// Inputs: Y_scale, Y_zero_point, then a tensor, its scale and its zero point for each part. All of one 8-bit type.
public struct QLinearConcat: OperatorDefinition {
  public static let name = "QLinearConcat"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 5...4097

  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try attributes.int("axis") }

  public var attributes: [Attribute] { [.int("axis", axis)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    guard inputs.count % 3 == 2 else {
      throw GraphError(
        .wrongArity, "QLinearConcat: \(inputs.count) inputs are not Y_scale, Y_zero_point and three for each part")
    }
    let type = try inputs.required(1, "Y_zero_point").type
    try inputs.required(1, "Y_zero_point").mustBe(ElementType.bytes, "QLinearConcat: Y_zero_point")
    try inputs.checkQuantization(of: "Y", type, scale: 0, zeroPoint: 1)
    var shapes: [Shape] = []
    for first in stride(from: 2, to: inputs.count, by: 3) {
      let part = try inputs.required(first, "\(first)")
      try part.mustBe([type], "QLinearConcat: input \(first)")
      try inputs.checkQuantization(of: "input \(first)", type, scale: first + 1, zeroPoint: first + 2)
      shapes.append(part.shape)
    }
    return [Fact(type, try Concat.join(shapes, axis: axis, of: Self.name))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let scale = inputs.scale(0)
    var parts: [Tensor] = []
    for first in stride(from: 2, to: inputs.count, by: 3) {
      let part = try inputs.required(first, "\(first)")
      let real = try part.centered(inputs[first + 2]).scaled(by: inputs.scales(first + 1))
      let quotients = try real.mapped { (x: Float) in x / scale }
      parts.append(try quotients.quantized(part.type, zeroPoints: [inputs.zeroPoint(1)]))
    }
    return [try Concat.join(parts, axis: axis, of: Self.name)]
  }
}
