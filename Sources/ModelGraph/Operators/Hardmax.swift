/// Hardmax: 1 at the first largest value along an axis, 0 elsewhere. https://onnx.ai/onnx/operators/onnx__Hardmax.html,
/// opsets 1, 11 (over all axes from `axis` on, by default 1) and 13 (over `axis` alone, by default the last).
///
/// Input: input. Output: output, of the same shape. A NaN counts as the largest.
public struct Hardmax: FloatOperator {
  public static let name = "Hardmax"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")

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
    let x = try inputs.required(Input.x)
    let (outer, count, inner) = try axis.split(x.shape, of: Self.name)
    var y = x
    y.withMutableElements(Number.self) { y in
      if count == 0 { return }
      for line in 0..<outer * inner {
        let start = line / inner * count * inner + line % inner
        var largest = 0
        for index in 1..<count where y[start + index * inner].isAhead(of: y[start + largest * inner]) {
          largest = index
        }
        for index in 0..<count { y[start + index * inner] = index == largest ? 1 : 0 }
      }
    }
    return [y]
  }
}
