import Platform
import Text

/// LRN: local response normalisation, y = x / (bias + alpha / size · Σ x²) ^ beta, where the sum is over `size`
/// neighbouring channels. https://onnx.ai/onnx/operators/onnx__LRN.html, opsets 1 and 13.
///
/// Input: X `[N, C, …]`. Output: Y, of the same shape. An even window reaches one channel further up than down.
public struct LRN: OperatorDefinition {
  public static let name = "LRN"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var size: Int
  public var alpha: Float
  public var beta: Float
  public var bias: Float

  public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    size = try attributes.int("size")
    guard size >= 1 else { throw attributes.bad("size", "is \(size), must be at least 1") }
    alpha = try attributes.float("alpha", default: 1e-4)
    beta = try attributes.float("beta", default: 0.75)
    bias = try attributes.float("bias", default: 1)
  }

  public var attributes: [Attribute] {
    [.int("size", size), .float("alpha", alpha), .float("beta", beta), .float("bias", bias)]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    guard x.shape.rank >= 2 else { throw .wrongRank("LRN: X", expected: 4, found: x.shape.rank) }
    return try inputs.sameAsFirst(Input.x, ElementType.floats)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(Input.x)
    let x = try input.converted(to: .float64)
    var y = x
    let channels = x.shape[1]
    let area = x.shape.extents[2...].reduce(1, *)
    let (factor, bias, beta) = (Double(alpha) / Double(size), Double(bias), Double(beta))
    x.withElements(Double.self) { x in
      y.withMutableElements(Double.self) { y in
        for plane in 0..<x.count / max(area, 1) {
          let channel = plane % channels
          let first = max(0, channel - (size - 1) / 2) - channel
          let last = min(channels - 1, channel + size / 2) - channel
          for pixel in 0..<area {
            let place = plane * area + pixel
            var squares = 0.0
            for step in first...last { squares += x[place + step * area] * x[place + step * area] }
            y[place] = x[place] / platform_pow(bias + factor * squares, beta)
          }
        }
      }
    }
    return [try y.converted(to: input.type)]
  }
}
