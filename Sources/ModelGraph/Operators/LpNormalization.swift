import Text

/// LpNormalization: each vector along an axis, divided by its norm (p = 1: the sum of magnitudes, p = 2: the length).
/// https://onnx.ai/onnx/operators/onnx__LpNormalization.html, opsets 1 and 22.
///
/// Input: input. Output: output, of the same shape. A vector of norm 0 stays 0.
public struct LpNormalization: OperatorDefinition {
  public static let name = "LpNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  /// Negative values count from the back.
  public var axis: Int
  /// 1 or 2.
  public var p: Int

  public init(axis: Int = -1, p: Int = 2) {
    self.axis = axis
    self.p = p
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: -1)
    p = try attributes.int("p", default: 2)
    guard p == 1 || p == 2 else { throw attributes.bad("p", "is \(p), must be 1 or 2") }
  }

  public var attributes: [Attribute] { [.int("axis", axis), .int("p", p)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    _ = try x.shape.axis(axis, of: Self.name)
    return try inputs.sameAsFirst(Input.x, ElementType.floats)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let (outer, count, inner) = try SoftmaxAxis(axis).split(x.shape, of: Self.name)
    var y = try x.converted(to: .float64)
    y.withMutableElements(Double.self) { y in
      for line in 0..<outer * inner {
        let start = line / inner * count * inner + line % inner
        var sum = 0.0
        for index in 0..<count {
          let value = y[start + index * inner]
          sum += p == 1 ? value.magnitude : value * value
        }
        let norm = p == 1 ? sum : sum.squareRoot()
        if norm == 0 { continue }
        for index in 0..<count { y[start + index * inner] /= norm }
      }
    }
    return [try y.converted(to: x.type)]
  }
}
