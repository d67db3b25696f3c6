import Platform

/// Log: the natural logarithm. https://onnx.ai/onnx/operators/onnx__Log.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape. Of a negative number: NaN.
public struct Log: RealFunction {
  public static let name = "Log"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_log(x) }
}
