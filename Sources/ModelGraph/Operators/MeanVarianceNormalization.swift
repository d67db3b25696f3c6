/// MeanVarianceNormalization: (X − mean) / (standard deviation + 1e-9), where both are those over `axes`.
/// https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html, opsets 9 and 13.
///
/// Input: X. Output: Y, of the same shape. Without `axes`: 0, 2 and 3, channel by channel.
public struct MeanVarianceNormalization: OperatorDefinition {
  public static let name = "MeanVarianceNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  /// Negative values count from the back; none: all axes.
  public var axes: [Int]

  public init(axes: [Int] = [0, 2, 3]) { self.axes = axes }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axes = try attributes.ints("axes", default: [0, 2, 3])
  }

  public var attributes: [Attribute] { [.ints("axes", axes)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    for axis in axes { _ = try x.shape.axis(axis, of: Self.name) }
    return try inputs.sameAsFirst(Input.x, ElementType.floats)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let differences = try x.converted(to: .float64).combined(with: mean(x), of: Self.name) { $0 - $1 }
    let variance = try mean(differences.mapped(real: { $0 * $0 }))
    let y = try differences.combined(with: variance, of: Self.name) { $0 / ($1.squareRoot() + 1e-9) }
    return [try y.converted(to: x.type)]
  }

  /// The mean over the axes, which stay, in float64.
  private func mean(_ x: Tensor) throws(GraphError) -> Tensor {
    let axes = try Tensor([axes.count], axes.map { Int64($0) })
    return try ReduceMean().evaluate(Inputs(Self.name, [try x.converted(to: .float64), axes]))[0]
  }
}
