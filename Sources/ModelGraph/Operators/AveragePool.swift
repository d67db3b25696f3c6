import Text

/// AveragePool: the mean of each window. https://onnx.ai/onnx/operators/onnx__AveragePool.html, opsets 1, 7, 10, 11 and
/// 19.
///
/// Input: X `[N, C, ((D,) H,) W]`. Output: Y `[N, C, ((oD,) oH,) oW]`.
public struct AveragePool: FloatOperator {
  public static let name = "AveragePool"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var window: Window
  /// Whether padding counts as zeros. Cells of a last window (`ceil_mode`) beyond the padding never count.
  public var countsPadding: Bool

  public init(_ window: Window, countsPadding: Bool = false) {
    self.window = window
    self.countsPadding = countsPadding
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes, hasDilations: attributes.opset >= 19, hasCeilMode: attributes.opset >= 10)
    if window.kernel.isEmpty { throw attributes.bad("kernel_shape", "is required") }
    countsPadding = try attributes.flag("count_include_pad", default: false)
  }

  public var attributes: [Attribute] {
    window.attributes + (countsPadding ? [.flag("count_include_pad", true)] : [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    return [Fact(x.type, try window.pooled(x.shape, of: Self.name).outputShape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let pooling = try window.pooled(x.shape, of: Self.name)
    let plane = pooling.plane
    var y = try Tensor(zeros: pooling.outputShape, type: Number.elementType)
    x.withElements(Number.self) { x in
      y.withMutableElements(Number.self) { y in
        for channel in 0..<pooling.planeCount {
          plane.forEachWindow { output, cells in
            var sum = 0.0
            cells.forEach { sum += x[channel * plane.inputCount + $0].wide }
            // The mean of a window that lies in the padding is 0.
            let count = max(1, countsPadding ? cells.countWithPadding : cells.count)
            y[channel * plane.outputCount + output] = Number(sum / Double(count))
          }
        }
      }
    }
    return [y]
  }
}
