import Text

/// GlobalAveragePool: the mean of each channel. https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html, opset 1.
///
/// Input: X `[N, C, …]`. Output: Y `[N, C, 1, …]`.
public struct GlobalAveragePool: FloatOperator {
  public static let name = "GlobalAveragePool"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    return [Fact(x.type, try globallyPooled(x.shape, of: Self.name))]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    var y = try Tensor(zeros: globallyPooled(x.shape, of: Self.name), type: Number.elementType)
    x.withElements(Number.self) { x in
      y.withMutableElements(Number.self) { y in
        let count = x.count / max(y.count, 1)
        for channel in y.indices {
          var sum = 0.0
          for index in channel * count..<(channel + 1) * count { sum += x[index].wide }
          y[channel] = Number(sum / Double(count))
        }
      }
    }
    return [y]
  }
}
