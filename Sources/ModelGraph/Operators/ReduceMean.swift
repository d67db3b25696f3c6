/// ReduceMean: the mean over some axes. https://onnx.ai/onnx/operators/onnx__ReduceMean.html, opsets 1, 11, 13 (`axes`
/// is an attribute) and 18 (an input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`, gone.
public struct ReduceMean: NumberOperator {
  public static let name = "ReduceMean"
  public static let inputs = 1...2

  public var keepsAxes: Bool
  /// No axes means none, instead of all.
  public var noAxesMeansNone: Bool

  public init(keepsAxes: Bool = true, noAxesMeansNone: Bool = false) {
    self.keepsAxes = keepsAxes
    self.noAxesMeansNone = noAxesMeansNone
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    keepsAxes = try attributes.flag("keepdims", default: true)
    noAxesMeansNone = attributes.opset >= 18 ? try attributes.flag("noop_with_empty_axes", default: false) : false
    if attributes.opset < 18, let axes = try attributes.optionalInts("axes") {
      attributes.becomesInput(1, try Tensor([axes.count], axes.map { Int64($0) }))
    }
  }

  public var attributes: [Attribute] {
    [.flag("keepdims", keepsAxes)] + (noAxesMeansNone ? [.flag("noop_with_empty_axes", true)] : [])
  }

  /// Whether each axis of `data` is reduced; throws E206 for an axis that it has not.
  public func reducedAxes(of data: Shape, axes: Tensor?) throws(GraphError) -> [Bool] {
    let axes = axes?.ints ?? []
    if axes.isEmpty { return [Bool](repeating: !noAxesMeansNone, count: data.rank) }
    var reduced = [Bool](repeating: false, count: data.rank)
    for axis in axes { reduced[try data.axis(axis, of: Self.name)] = true }
    return reduced
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(0, "data")
    try data.mustBe([.float32, .float64, .int32, .int64], "ReduceMean: data")
    if let axes = inputs[1] {
      try axes.mustBe([.int64], "ReduceMean: axes")
      guard axes.shape.rank <= 1 else { throw .wrongRank("ReduceMean: axes", expected: 1, found: axes.shape.rank) }
      guard axes.constant != nil || axes.shape.count == 0 else {
        throw GraphError(.notConstant, "ReduceMean: axes must be a constant")
      }
    }
    let reduced = try reducedAxes(of: data.shape, axes: inputs[1]?.constant)
    return [Fact(data.type, result(of: data.shape, reduced, keepsAxes: keepsAxes))]
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(0, "data")
    let reduced = try reducedAxes(of: data.shape, axes: inputs[1])
    var y = try Tensor(zeros: result(of: data.shape, reduced, keepsAxes: true), type: Number.elementType)
    // Reducing is broadcasting read backwards: every element of the result is added to by those it would spread to.
    let rows = BroadcastRows(data.shape, y.shape, y.shape)
    let count = Number(count: zip(data.shape.extents, reduced).reduce(1) { $1.1 ? $0 * $1.0 : $0 })
    data.withElements(Number.self) { data in
      y.withMutableElements(Number.self) { y in
        rows.forEach { start, target, _ in
          if rows.aStep == 0 {
            var sum: Number = 0
            for index in start..<start + rows.length { sum = sum.plus(data[index]) }
            y[target] = y[target].plus(sum)
          } else {
            for index in 0..<rows.length { y[target + index] = y[target + index].plus(data[start + index]) }
          }
        }
        for index in y.indices { y[index] = y[index].divided(by: count) }
      }
    }
    return [try y.reshaped(result(of: data.shape, reduced, keepsAxes: keepsAxes))]
  }

  private func result(of data: Shape, _ reduced: [Bool], keepsAxes: Bool) -> Shape {
    var extents: [Int] = []
    for (extent, isReduced) in zip(data.extents, reduced) {
      if !isReduced { extents.append(extent) } else if keepsAxes { extents.append(1) }
    }
    return Shape(extents)
  }
}
