/// IsInf: whether X is infinite. https://onnx.ai/onnx/operators/onnx__IsInf.html, opsets 10 and 20.
///
/// Input: X. Output: Y, bool, of the same shape.
public struct IsInf: FloatTest {
  public static let name = "IsInf"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")

  public var detectsNegative: Bool
  public var detectsPositive: Bool

  public init(detectsNegative: Bool = true, detectsPositive: Bool = true) {
    self.detectsNegative = detectsNegative
    self.detectsPositive = detectsPositive
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    detectsNegative = try attributes.flag("detect_negative", default: true)
    detectsPositive = try attributes.flag("detect_positive", default: true)
  }

  public var attributes: [Attribute] {
    [.flag("detect_negative", detectsNegative), .flag("detect_positive", detectsPositive)]
  }

  public func holds(_ x: Double) -> Bool { x.isInfinite && (x < 0 ? detectsNegative : detectsPositive) }
}
