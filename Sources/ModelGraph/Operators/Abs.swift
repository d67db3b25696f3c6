/// Abs: the magnitude. https://onnx.ai/onnx/operators/onnx__Abs.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same type and shape. The lowest integer stays as it is.
public struct Abs: LaneFunction {
  public static let name = "Abs"
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.numbers }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func real(_ x: Double) -> Double { x.magnitude }
  public func signed(_ x: Int64) -> Int64 { x < 0 ? 0 &- x : x }
  public func unsigned(_ x: UInt64) -> UInt64 { x }
}
