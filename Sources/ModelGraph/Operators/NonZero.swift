import Text

/// NonZero: the indices of the elements that are not 0. https://onnx.ai/onnx/operators/onnx__NonZero.html, opsets 9
/// and 13.
///
/// Input: X. Output: Y (int64 `[rank of X, number of such elements]`), in the order of the elements. The shape is
/// known only where the values of X are.
public struct NonZero: OperatorDefinition {
  public static let name = "NonZero"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its output is whole numbers")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try evaluate(try inputs.allKnown(most: 1 << 20)).map { Fact($0) }
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let isSet = try x.converted(to: .bool).withBytes { Array($0) }
    let places = isSet.indices.filter { isSet[$0] != 0 }
    let strides = x.shape.strides
    var indices: [Int64] = []
    indices.reserveCapacity(places.count * x.shape.rank)
    for axis in 0..<x.shape.rank {
      for place in places { indices.append(Int64(place / strides[axis] % x.shape[axis])) }
    }
    return [try Tensor([x.shape.rank, places.count], indices)]
  }
}
