import Text

/// QLinearConcat of com.microsoft: quantised tensors side by side along one axis, brought to one scale.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearConcat
///
/// Inputs: Y_scale, Y_zero_point, then a tensor, its scale and its zero point for each part. All of one 8-bit type.
public struct QLinearConcat: OperatorDefinition {
  public static let name = "QLinearConcat"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let yScale = OperatorInput(0, "Y_scale", .setting)
    public static let yZeroPoint = OperatorInput(1, "Y_zero_point", .setting)
    static let part = OperatorInput(2, "input", .activation, .repeated)
    static let partScale = OperatorInput(3, "input_scale", .setting, .repeated)
    static let partZeroPoint = OperatorInput(4, "input_zero_point", .setting, .repeated)

    /// Every part of a node with `count` inputs.
    public static func parts(of count: Int) -> [(x: OperatorInput, scale: OperatorInput, zeroPoint: OperatorInput)] {
      stride(from: part.index, to: count, by: 3).map { first in
        let name = "input \(first)"
        return (
          OperatorInput(first, name, .activation), OperatorInput(first + 1, "\(name)_scale", .setting),
          OperatorInput(first + 2, "\(name)_zero_point", .setting)
        )
      }
    }
  }

  public static let inputs = [Input.yScale, Input.yZeroPoint, Input.part, Input.partScale, Input.partZeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try attributes.int("axis") }

  public var attributes: [Attribute] { [.int("axis", axis)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    guard inputs.count % 3 == 2 else {
      throw GraphError(
        .wrongArity, "QLinearConcat: \(inputs.count) inputs are not Y_scale, Y_zero_point and three for each part")
    }
    let type = try inputs.required(Input.yZeroPoint).type
    try inputs.check(Input.yZeroPoint, is: ElementType.bytes)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, type)
    var shapes: [Shape] = []
    for part in Input.parts(of: inputs.count) {
      shapes.append(try inputs.required(part.x).shape)
      try inputs.check(part.x, is: [type])
      try inputs.checkQuantization(part.scale, part.zeroPoint, type)
    }
    return [Fact(type, try Concat.join(shapes, axis: axis, of: Self.name))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let scale = inputs.scale(Input.yScale)
    var parts: [Tensor] = []
    for part in Input.parts(of: inputs.count) {
      let x = try inputs.required(part.x)
      let real = try x.centered(inputs[part.zeroPoint]).scaled(by: inputs.scales(part.scale))
      let quotients = try real.mapped { (x: Float) in x / scale }
      parts.append(try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)]))
    }
    return [try Concat.join(parts, axis: axis, of: Self.name)]
  }
}
