/// LogSoftmax: the logarithm of Softmax. https://onnx.ai/onnx/operators/onnx__LogSoftmax.html, opsets 1, 11
/// (over all axes from `axis` on, by default 1) and 13 (over `axis` alone, by default the last).
///
/// Input: input. Output: output, of the same shape.
public struct LogSoftmax: FloatOperator {
  public static let name = "LogSoftmax"
  public static let inputs = 1...1

  public var axis: SoftmaxAxis

  public init(_ axis: SoftmaxAxis = SoftmaxAxis()) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try SoftmaxAxis(attributes) }

  public var attributes: [Attribute] { axis.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "input")
    try x.mustBe(ElementType.floats, "LogSoftmax: input")
    _ = try axis.split(x.shape, of: Self.name)
    return [Fact(x.type, x.shape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    [
      try axis.normalized(inputs.required(0, "input"), of: Self.name) { (x: Number, largest, sum) in
        // In this order: the logarithm would vanish beside a large logit.
        (x - largest) - Number(sum.logarithm)
      }
    ]
  }
}
