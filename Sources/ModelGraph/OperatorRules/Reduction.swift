/// The common part of ReduceMean and ReduceMax: which axes are reduced, and the shape that results.
public struct Reduction: Sendable, Equatable {
  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let axes = OperatorInput(1, "axes", .setting, .optional)
    static let all = [data, axes]
  }

  /// Reduced axes stay, with extent 1.
  public var keepsAxes: Bool
  /// Without axes, no axis is reduced, instead of all.
  public var noAxesMeansNone: Bool

  public init(keepsAxes: Bool = true, noAxesMeansNone: Bool = false) {
    self.keepsAxes = keepsAxes
    self.noAxesMeansNone = noAxesMeansNone
  }

  /// `axes` is an attribute before opset 18 and input 1 from then on.
  init(_ attributes: AttributeReader) throws(GraphError) {
    keepsAxes = try attributes.flag("keepdims", default: true)
    noAxesMeansNone = attributes.opset >= 18 ? try attributes.flag("noop_with_empty_axes", default: false) : false
    if attributes.opset < 18 { try attributes.moveInts(to: Input.axes) }
  }

  var attributes: [Attribute] {
    [.flag("keepdims", keepsAxes)] + (noAxesMeansNone ? [.flag("noop_with_empty_axes", true)] : [])
  }

  /// For each axis of `data`, whether it is reduced. Throws E206 for an axis that does not exist.
  func reducedAxes(of data: Shape, axes: Tensor?, _ operatorName: String) throws(GraphError) -> [Bool] {
    let axes = axes?.ints ?? []
    if axes.isEmpty { return [Bool](repeating: !noAxesMeansNone, count: data.rank) }
    var reduced = [Bool](repeating: false, count: data.rank)
    for axis in axes { reduced[try data.axis(axis, of: operatorName)] = true }
    return reduced
  }

  func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> Fact {
    let name = inputs.operatorName
    let data = try inputs.required(Input.data)
    if let axes = inputs[Input.axes] {
      try inputs.check(Input.axes, is: [.int64])
      guard axes.shape.rank <= 1 else { throw .wrongRank("\(name): axes", expected: 1, found: axes.shape.rank) }
      guard axes.constant != nil || axes.shape.count == 0 else {
        throw GraphError(.notConstant, "\(name): axes must be a constant")
      }
    }
    let reduced = try reducedAxes(of: data.shape, axes: inputs[Input.axes]?.constant, name)
    return Fact(data.type, shape(of: data.shape, reduced, keepsAxes: keepsAxes))
  }

  /// Applies `combine` to all elements that reduce to the same element of the result, beginning with `start`, and then
  /// `finish` to the accumulated value and their number.
  func reduce<Number: Arithmetic, Held: Arithmetic>(
    _ inputs: Inputs<Tensor>, from start: Held, _ combine: (Held, Number) -> Held, finish: (Held, Int) -> Number
  ) throws(GraphError) -> Tensor {
    let data = try inputs.required(Input.data)
    let reduced = try reducedAxes(of: data.shape, axes: inputs[Input.axes], inputs.operatorName)
    var y = try Tensor(zeros: shape(of: data.shape, reduced, keepsAxes: true), type: Number.elementType)
    var held = try Tensor(zeros: y.shape, type: Held.elementType)
    // Reduction is broadcasting reversed: an element of the result combines all elements that it would be broadcast to.
    let rows = BroadcastRows(data.shape, y.shape, y.shape)
    let count = zip(data.shape.extents, reduced).reduce(1) { $1.1 ? $0 * $1.0 : $0 }
    data.withElements(Number.self) { data in
      held.withMutableElements(Held.self) { held in
        for index in held.indices { held[index] = start }
        rows.forEach { first, target, _ in
          if rows.aStep == 0 {
            var value = held[target]
            for index in first..<first + rows.length { value = combine(value, data[index]) }
            held[target] = value
          } else {
            for index in 0..<rows.length { held[target + index] = combine(held[target + index], data[first + index]) }
          }
        }
        y.withMutableElements(Number.self) { y in
          for index in y.indices { y[index] = finish(held[index], count) }
        }
      }
    }
    return try y.reshaped(shape(of: data.shape, reduced, keepsAxes: keepsAxes))
  }

  private func shape(of data: Shape, _ reduced: [Bool], keepsAxes: Bool) -> Shape {
    var extents: [Int] = []
    for (extent, isReduced) in zip(data.extents, reduced) {
      if !isReduced { extents.append(extent) } else if keepsAxes { extents.append(1) }
    }
    return Shape(extents)
  }
}
