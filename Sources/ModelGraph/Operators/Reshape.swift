import Text

/// Reshape: the same elements under other extents. https://onnx.ai/onnx/operators/onnx__Reshape.html, opsets 1 (`shape` is an
/// attribute) and 5 to 21.
///
/// Inputs: data, shape (int64 vector). In `shape`, 0 keeps the extent of data at that place (unless `allowzero`), and
/// one -1 takes what is left over.
public struct Reshape: OperatorDefinition {
  public static let name = "Reshape"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let shape = OperatorInput(1, "shape", .setting)
  }

  public static let inputs = [Input.data, Input.shape]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.view
  public static let differentiability = Differentiability.differentiable

  /// 0 in `shape` means an extent of zero.
  public var allowzero: Bool

  public init(allowzero: Bool = false) { self.allowzero = allowzero }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 5 { try attributes.moveInts(to: Input.shape) }
    allowzero = attributes.opset >= 14 ? try attributes.flag("allowzero", default: false) : false
  }

  public var attributes: [Attribute] { allowzero ? [.flag("allowzero", true)] : [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, try target(of: data.shape, wanted: try inputs.ints(Input.shape)))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    return [try data.reshaped(try target(of: data.shape, wanted: try inputs.facts.ints(Input.shape)))]
  }

  private func target(of shape: Shape, wanted: [Int]) throws(GraphError) -> Shape {
    let asked = Shape(wanted)
    var target = asked
    var open: Int?
    for (axis, extent) in wanted.enumerated() {
      guard extent >= -1 else { throw .mismatch("Reshape: shape \(asked) has a negative extent other than -1") }
      if extent == 0, !allowzero {
        guard axis < shape.rank else {
          throw .mismatch("Reshape: shape \(asked) has 0 at axis \(axis), but data \(shape) has no such axis to keep")
        }
        target[axis] = shape[axis]
      } else if extent == -1 {
        guard open == nil else { throw .mismatch("Reshape: shape \(asked) has more than one -1") }
        open = axis
        target[axis] = 1
      }
    }
    let known = try target.checked().count
    if let open {
      guard known > 0, shape.count % known == 0 else {
        throw .mismatch("Reshape: nothing fits the -1 when data \(shape) becomes \(asked)")
      }
      target[open] = shape.count / known
    }
    guard target.count == shape.count else {
      throw .mismatch("Reshape: data \(shape) has \(shape.count) elements, shape \(asked) wants \(target.count)")
    }
    return target
  }
}
