/// BitwiseNot: every bit inverted. https://onnx.ai/onnx/operators/onnx__BitwiseNot.html, opset 18.
///
/// Input: X. Output: Y, of the same type and shape.
public struct BitwiseNot: LaneFunction {
  public static let name = "BitwiseNot"
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")
  public static var types: [ElementType] { ElementType.integers }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func real(_ x: Double) -> Double { x }
  public func signed(_ x: Int64) -> Int64 { ~x }
  public func unsigned(_ x: UInt64) -> UInt64 { ~x }
}
