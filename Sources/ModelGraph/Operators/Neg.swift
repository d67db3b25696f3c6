/// Neg: −x. https://onnx.ai/onnx/operators/onnx__Neg.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same type and shape. The lowest integer stays as it is.
public struct Neg: LaneFunction {
  public static let name = "Neg"
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.floats + ElementType.signed }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func real(_ x: Double) -> Double { -x }
  public func signed(_ x: Int64) -> Int64 { 0 &- x }
  public func unsigned(_ x: UInt64) -> UInt64 { x }
}
