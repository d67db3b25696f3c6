import Text

/// Trilu: the upper or lower triangle of matrices, and zeros elsewhere.
/// https://onnx.ai/onnx/operators/onnx__Trilu.html, opset 14.
///
/// Inputs: input `[…, N, M]`, k (int64 scalar, optional: 0): the triangle ends k columns to the right of the main
/// diagonal.
public struct Trilu: OperatorDefinition {
  public static let name = "Trilu"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let k = OperatorInput(1, "k", .setting, .optional)
  }

  public static let inputs = [Input.data, Input.k]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var isUpper: Bool

  public init(isUpper: Bool = true) { self.isUpper = isUpper }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    isUpper = try attributes.flag("upper", default: true)
  }

  public var attributes: [Attribute] { [.flag("upper", isUpper)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    guard data.shape.rank >= 2 else {
      throw GraphError(.wrongRank, "Trilu: input is \(data.shape), must have at least 2 dimensions")
    }
    try inputs.check(Input.data, is: ElementType.all)
    try inputs.check(Input.k, is: [.int64])
    try inputs.checkSingle(Input.k)
    return [Fact(data.type, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    var result = try inputs.required(Input.data)
    let diagonal = inputs[Input.k]?.firstInt ?? 0
    let (rows, columns) = (result.shape[result.shape.rank - 2], result.shape[result.shape.rank - 1])
    guard result.count > 0 else { return [result] }
    let width = result.type.byteCount
    result.withMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      for row in 0..<bytes.count / (columns * width) {
        let end = min(max(row % rows + diagonal + (isUpper ? 0 : 1), 0), columns)
        let cleared = isUpper ? 0..<end : end..<columns
        (base + (row * columns + cleared.lowerBound) * width).initializeMemory(
          as: UInt8.self, repeating: 0, count: cleared.count * width)
      }
    }
    return [result]
  }
}
