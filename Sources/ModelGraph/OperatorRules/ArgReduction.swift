import Text

/// The common part of ArgMax and ArgMin: where along an axis the largest or the smallest element lies.
public struct ArgReduction: Sendable, Equatable {
  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    static let all = [data]
  }

  public var axis: Int
  /// The axis stays, with extent 1.
  public var keepsAxis: Bool
  /// Of several that are equal, the last one is taken.
  public var takesLast: Bool

  public init(axis: Int = 0, keepsAxis: Bool = true, takesLast: Bool = false) {
    self.axis = axis
    self.keepsAxis = keepsAxis
    self.takesLast = takesLast
  }

  init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: 0)
    keepsAxis = try attributes.flag("keepdims", default: true)
    takesLast = attributes.opset >= 12 ? try attributes.flag("select_last_index", default: false) : false
  }

  var attributes: [Attribute] {
    [.int("axis", axis), .flag("keepdims", keepsAxis)] + (takesLast ? [.flag("select_last_index", true)] : [])
  }

  func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> Fact {
    try inputs.check(Input.data, is: ElementType.numbers)
    let data = try inputs.required(Input.data).shape
    let result = try shape(of: data, inputs.operatorName)
    guard data[try data.axis(axis, of: inputs.operatorName)] > 0 || result.count == 0 else {
      throw .mismatch("\(inputs.operatorName): axis \(axis) of data \(data) has no element")
    }
    return Fact(.int64, result)
  }

  /// - Parameter largest: whether the largest element is looked for, or the smallest.
  func evaluate(_ inputs: Inputs<Tensor>, largest: Bool) throws(GraphError) -> Tensor {
    let data = try inputs.required(Input.data)
    switch data.type.lane {
    case .real: return try find(try data.converted(to: .float64), Double.self, largest, inputs.operatorName)
    case .signed: return try find(try data.converted(to: .int64), Int64.self, largest, inputs.operatorName)
    case .unsigned: return try find(try data.converted(to: .uint64), UInt64.self, largest, inputs.operatorName)
    }
  }

  private func find<Number: Arithmetic>(
    _ data: Tensor, _: Number.Type, _ largest: Bool, _ operatorName: String
  ) throws(GraphError) -> Tensor {
    let axis = try data.shape.axis(axis, of: operatorName)
    let count = data.shape[axis]
    let inner = data.shape.extents[(axis + 1)...].reduce(1, *)
    var result = try Tensor(zeros: shape(of: data.shape, operatorName), type: .int64)
    data.withElements(Number.self) { data in
      result.withMutableElements(Int64.self) { result in
        for line in result.indices {
          let start = line / inner * count * inner + line % inner
          var found = 0
          for index in 1..<max(count, 1) {
            let (next, held) = (data[start + index * inner], data[start + found * inner])
            let isAhead = largest ? next.isAhead(of: held) : next.isBehind(held)
            let isLevel = next == held || (next != next && held != held)
            if isAhead || (takesLast && isLevel) { found = index }
          }
          result[line] = Int64(found)
        }
      }
    }
    return result
  }

  private func shape(of data: Shape, _ operatorName: String) throws(GraphError) -> Shape {
    let axis = try data.axis(axis, of: operatorName)
    var extents = data.extents
    if keepsAxis { extents[axis] = 1 } else { extents.remove(at: axis) }
    return Shape(extents)
  }
}

extension Arithmetic {
  /// Whether this is above `other`, where NaN is above every number.
  @inline(__always) func isAhead(of other: Self) -> Bool { self > other || (self != self && other == other) }

  /// Whether this is below `other`, where NaN is below every number.
  @inline(__always) func isBehind(_ other: Self) -> Bool { self < other || (self != self && other == other) }
}
