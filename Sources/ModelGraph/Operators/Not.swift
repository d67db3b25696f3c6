/// Not: true where X is false. https://onnx.ai/onnx/operators/onnx__Not.html, opset 1.
///
/// Input: X. Output: Y, of the same type and shape.
public struct Not: LaneFunction {
  public static let name = "Not"
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")
  public static var types: [ElementType] { [.bool] }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func real(_ x: Double) -> Double { x }
  public func signed(_ x: Int64) -> Int64 { x }
  public func unsigned(_ x: UInt64) -> UInt64 { x == 0 ? 1 : 0 }
}
