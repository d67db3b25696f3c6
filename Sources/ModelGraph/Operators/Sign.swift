/// Sign: 1, 0 or −1, as x is above, at or below zero. https://onnx.ai/onnx/operators/onnx__Sign.html, opsets 9 and 13.
///
/// Input: X. Output: Y, of the same type and shape. A NaN stays one.
public struct Sign: LaneFunction {
  public static let name = "Sign"
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")
  public static var types: [ElementType] { ElementType.numbers }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func real(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x }
  public func signed(_ x: Int64) -> Int64 { x.signum() }
  public func unsigned(_ x: UInt64) -> UInt64 { x == 0 ? 0 : 1 }
}
