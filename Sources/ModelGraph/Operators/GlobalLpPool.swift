import Text

/// GlobalLpPool: the p-norm of each channel. https://onnx.ai/onnx/operators/onnx__GlobalLpPool.html, opsets 1, 2 and
/// 22.
///
/// Input: X `[N, C, …]`. Output: Y `[N, C, 1, …]`.
public struct GlobalLpPool: OperatorDefinition {
  public static let name = "GlobalLpPool"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var norm: Norm

  public init(_ norm: Norm = Norm()) { self.norm = norm }

  public init(_ attributes: AttributeReader) throws(GraphError) { norm = try Norm(attributes) }

  public var attributes: [Attribute] { norm.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    return [Fact(x.type, try globallyPooled(x.shape, of: Self.name))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(Input.x)
    let x = try input.converted(to: .float64)
    var y = try Tensor(zeros: globallyPooled(x.shape, of: Self.name), type: .float64)
    x.withElements(Double.self) { x in
      y.withMutableElements(Double.self) { y in
        let count = x.count / max(y.count, 1)
        for channel in y.indices {
          var sum = 0.0
          for index in channel * count..<(channel + 1) * count { sum += norm.term(x[index]) }
          y[channel] = norm.root(sum)
        }
      }
    }
    return [try y.converted(to: input.type)]
  }
}
