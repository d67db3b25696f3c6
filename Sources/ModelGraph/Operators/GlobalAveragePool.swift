/// GlobalAveragePool: the mean of each channel. https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html, opset 1.
///
/// Input: X `[N, C, …]`. Output: Y `[N, C, 1, …]`.
public struct GlobalAveragePool: FloatOperator {
  public static let name = "GlobalAveragePool"
  public static let inputs = 1...1

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "X")
    try x.mustBe(ElementType.floats, "GlobalAveragePool: X")
    return [Fact(x.type, try globallyPooled(x.shape, of: Self.name))]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(0, "X")
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
