import Text

/// LpPool: the p-norm of each window. https://onnx.ai/onnx/operators/onnx__LpPool.html, opsets 1, 2, 11, 18 and 22.
///
/// Input: X `[N, C, …]` with one to three spatial axes. Output: Y `[N, C, …]`. Padding adds nothing to a norm.
public struct LpPool: OperatorDefinition {
  public static let name = "LpPool"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var window: Window
  public var norm: Norm

  public init(_ window: Window, _ norm: Norm = Norm()) {
    self.window = window
    self.norm = norm
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes, hasDilations: attributes.opset >= 18, hasCeilMode: attributes.opset >= 18)
    if window.kernel.isEmpty { throw attributes.bad("kernel_shape", "is required") }
    norm = try Norm(attributes)
  }

  public var attributes: [Attribute] { window.attributes + norm.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    return [Fact(x.type, try window.pooled(x.shape, of: Self.name).outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(Input.x)
    let pooling = try window.pooled(input.shape, of: Self.name)
    let plane = pooling.plane
    let x = try input.converted(to: .float64)
    var y = try Tensor(zeros: pooling.outputShape, type: .float64)
    x.withElements(Double.self) { x in
      y.withMutableElements(Double.self) { y in
        for channel in 0..<pooling.planeCount {
          plane.forEachWindow { output, cells in
            var sum = 0.0
            cells.forEach { sum += norm.term(x[channel * plane.inputCount + $0]) }
            y[channel * plane.outputCount + output] = norm.root(sum)
          }
        }
      }
    }
    return [try y.converted(to: input.type)]
  }
}
