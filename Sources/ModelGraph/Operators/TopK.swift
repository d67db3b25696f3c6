import Text

/// TopK: the largest or smallest elements along an axis, and their indices.
/// https://onnx.ai/onnx/operators/onnx__TopK.html, opsets 1 (`k` is an attribute), 10 (an input), 11 and 24.
///
/// Inputs: X, K (int64, one number; constant). Outputs: Values, Indices (int64). They are always sorted. Of equal
/// elements the first ones are taken; NaN is larger than every number.
public struct TopK: OperatorDefinition {
  public static let name = "TopK"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let k = OperatorInput(1, "K", .setting)
  }

  public static let inputs = [Input.x, Input.k]
  public static let outputs = 1...2
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var axis: Int
  /// The largest elements, not the smallest.
  public var takesLargest: Bool

  public init(axis: Int = -1, takesLargest: Bool = true) {
    self.axis = axis
    self.takesLargest = takesLargest
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: -1)
    takesLargest = attributes.opset >= 11 ? try attributes.flag("largest", default: true) : true
    // Unsorted elements may stand in any order.
    if attributes.opset >= 11 { _ = try attributes.flag("sorted", default: true) }
    if attributes.opset < 10 {
      attributes.becomesInput(Input.k, try Tensor([1], [Int64(try attributes.int("k"))]))
    }
  }

  public var attributes: [Attribute] { [.int("axis", axis), .flag("largest", takesLargest)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.numbers)
    let (shape, _, _) = try shape(x.shape, inputs)
    return [Fact(x.type, shape), Fact(.int64, shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let (shape, axis, count) = try shape(x.shape, inputs.facts)
    guard shape.count > 0 else {
      return [try Tensor(zeros: shape, type: x.type), try Tensor(zeros: shape, type: .int64)]
    }
    let (extent, inner) = (x.shape[axis], x.shape.count(from: axis + 1))
    var keys = try x.orderKeys()
    if takesLargest { for index in keys.indices { keys[index] = ~keys[index] } }
    var places = [Int](repeating: 0, count: shape.count)
    for row in 0..<x.count / extent {
      let (block, column) = (row / inner, row % inner)
      let first = block * extent * inner + column
      let chosen = smallest(count, of: (0..<extent).map { keys[first + $0 * inner] })
      for (rank, index) in chosen.enumerated() {
        places[(block * count + rank) * inner + column] = first + index * inner
      }
    }
    let indices = places.map { Int64($0 / inner % extent) }
    return [try x.runs(at: places, of: 1, shape: shape), try Tensor(shape, indices)]
  }

  private func shape(
    _ x: Shape, _ inputs: Inputs<Fact>
  ) throws(GraphError) -> (shape: Shape, axis: Int, count: Int) {
    let axis = try x.axis(axis, of: Self.name)
    let counts = try inputs.ints(Input.k)
    guard counts.count == 1, counts[0] >= 0, counts[0] <= x[axis] else {
      throw GraphError(.badInput, "TopK: K is \(Shape(counts)), must be one number of 0 to \(x[axis])")
    }
    var shape = x
    shape[axis] = counts[0]
    return (shape, axis, counts[0])
  }

  /// The places of the smallest keys, the smallest first; of equal ones the first.
  ///
  /// A heap of the best so far, its worst on top, so that a few of many do not need a sort of all.
  private func smallest(_ count: Int, of keys: [UInt64]) -> [Int] {
    func isWorse(_ a: Int, _ b: Int) -> Bool { keys[a] != keys[b] ? keys[a] > keys[b] : a > b }
    var heap = Array(0..<count)
    func sink(_ start: Int) {
      var place = start
      while true {
        var worst = place
        for child in [2 * place + 1, 2 * place + 2] where child < count && isWorse(heap[child], heap[worst]) {
          worst = child
        }
        if worst == place { return }
        heap.swapAt(place, worst)
        place = worst
      }
    }
    if count == 0 { return [] }
    if count < keys.count {
      for place in (0..<count / 2).reversed() { sink(place) }
      for index in count..<keys.count where isWorse(heap[0], index) {
        heap[0] = index
        sink(0)
      }
    }
    return heap.inOrder { isWorse($1, $0) }
  }
}
