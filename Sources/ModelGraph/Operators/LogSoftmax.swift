/// LogSoftmax: the logarithm of Softmax. https://onnx.ai/onnx/operators/onnx__LogSoftmax.html, opsets 1, 11
/// (over all axes from `axis` on, by default 1) and 13 (over `axis` alone, by default the last).
///
/// Input: input. Output: output, of the same shape.
public struct LogSoftmax: FloatOperator {
  public static let name = "LogSoftmax"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var axis: SoftmaxAxis

  public init(_ axis: SoftmaxAxis = SoftmaxAxis()) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try SoftmaxAxis(attributes) }

  public var attributes: [Attribute] { axis.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    _ = try axis.split(x.shape, of: Self.name)
    return [Fact(x.type, x.shape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    [
      try axis.normalized(inputs.required(Input.x), of: Self.name) { (x: Number, largest, sum) in
        // In this order: added to a large logit, the logarithm would be rounded away.
        (x - largest) - Number(sum.logarithm)
      }
    ]
  }
}
