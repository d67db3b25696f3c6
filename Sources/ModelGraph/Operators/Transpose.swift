import Text

/// Transpose: axes in another order. https://onnx.ai/onnx/operators/onnx__Transpose.html, opsets 1 to 21.
///
/// Output axis `i` is input axis `perm[i]`; without perm, the axes in reverse.
public struct Transpose: OperatorDefinition {
  public static let name = "Transpose"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
  }

  public static let inputs = [Input.data]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public var perm: [Int]?

  public init(perm: [Int]?) { self.perm = perm }

  public init(_ attributes: AttributeReader) throws(GraphError) { perm = try attributes.optionalInts("perm") }

  public var attributes: [Attribute] { perm.map { [.ints("perm", $0)] } ?? [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, Shape(try order(data.shape).map { data.shape[$0] }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let order = try order(data.shape)
    let strides = data.shape.strides
    let shape = Shape(order.map { data.shape[$0] })
    return [try data.picking(shape) { axis in (0..<shape[axis]).map { $0 * strides[order[axis]] } }]
  }

  func order(_ shape: Shape) throws(GraphError) -> [Int] {
    guard let perm else { return shape.extents.indices.reversed() }
    guard perm.inOrder(<) == Array(0..<shape.rank) else {
      throw GraphError(
        .badAttribute, "Transpose: perm \(Shape(perm)) is no order of the \(shape.rank) axes of \(shape)")
    }
    return perm
  }
}
