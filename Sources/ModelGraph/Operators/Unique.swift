import Text

/// Unique: every element, or slice along `axis`, once. https://onnx.ai/onnx/operators/onnx__Unique.html, opsets 11
/// and 28.
///
/// Input: X. Outputs: Y, and int64 vectors (optional): indices of the first occurrence of each, inverse_indices of
/// each element of X in Y, counts. In ascending order, or in that of the first occurrences. NaN equals NaN and is
/// above all. The shapes are known only where the values of X are.
public struct Unique: OperatorDefinition {
  public static let name = "Unique"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let outputs = 1...4
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  /// nil: X is flattened.
  public var axis: Int?
  public var sorts: Bool

  public init(axis: Int? = nil, sorts: Bool = true) {
    self.axis = axis
    self.sorts = sorts
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.optionalInt("axis")
    sorts = try attributes.flag("sorted", default: true)
  }

  public var attributes: [Attribute] {
    (axis.map { [.int("axis", $0)] } ?? []) + [.flag("sorted", sorts)]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try evaluate(try inputs.allKnown(most: 1 << 16)).map { Fact($0) }
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let given = try inputs.required(Input.x)
    let x = axis == nil ? try given.reshaped([given.count]) : given
    let axis = try x.shape.axis(axis ?? 0, of: Self.name)
    let (extent, inner) = (x.shape[axis], x.shape.count(from: axis + 1))
    let outer = x.count == 0 ? 0 : x.count / (extent * inner)
    let keys = try x.orderKeys()
    // A slice is a run of `inner` elements for each index of the axes before.
    func isBelow(_ a: Int, _ b: Int) -> Bool? {
      for row in 0..<outer {
        let (first, second) = ((row * extent + a) * inner, (row * extent + b) * inner)
        for column in 0..<inner where keys[first + column] != keys[second + column] {
          return keys[first + column] < keys[second + column]
        }
      }
      return nil
    }
    // Equal slices become neighbours, the first occurrence in front.
    let order = Array(0..<(x.count == 0 ? 0 : extent)).inOrder { isBelow($0, $1) ?? ($0 < $1) }
    var groups: [[Int]] = []
    for index in order {
      if let last = groups.last?[0], isBelow(last, index) == nil {
        groups[groups.count - 1].append(index)
      } else {
        groups.append([index])
      }
    }
    if !sorts { groups = groups.inOrder { $0[0] < $1[0] } }
    var inverse = [Int64](repeating: 0, count: order.count)
    for (place, group) in groups.enumerated() { for index in group { inverse[index] = Int64(place) } }
    let (strides, firsts) = (x.shape.strides, groups.map { $0[0] })
    var shape = x.shape
    shape[axis] = groups.count
    let y = try x.picking(shape) { other in
      (other == axis ? firsts : Array(0..<shape[other])).map { $0 * strides[other] }
    }
    return [
      y, try Tensor([groups.count], firsts.map { Int64($0) }), try Tensor([inverse.count], inverse),
      try Tensor([groups.count], groups.map { Int64($0.count) }),
    ]
  }
}
