import Text

/// The common part of ReduceMean, ReduceMax and their kind: which axes are reduced, and the shape that results.
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

  /// `axes` is an attribute before opset 18 (that of ReduceSum 13) and input 1 from then on.
  init(_ attributes: AttributeReader, axesAreInputSince opset: Int = 18) throws(GraphError) {
    keepsAxes = try attributes.flag("keepdims", default: true)
    noAxesMeansNone = attributes.opset >= opset ? try attributes.flag("noop_with_empty_axes", default: false) : false
    if attributes.opset < opset { try attributes.moveInts(to: Input.axes) }
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

  /// Combines all elements that reduce to the same element of the result, in the numbers of their lane, and finishes each
  /// result with the number of its elements.
  func reduce(
    _ inputs: Inputs<Tensor>, _ real: LaneReduction<Double>, _ signed: LaneReduction<Int64>,
    _ unsigned: LaneReduction<UInt64>
  ) throws(GraphError) -> Tensor {
    let data = try inputs.required(Input.data)
    let reduced = try reducedAxes(of: data.shape, axes: inputs[Input.axes], inputs.operatorName)
    let kept = shape(of: data.shape, reduced, keepsAxes: true)
    let count = zip(data.shape.extents, reduced).reduce(1) { $1.1 ? $0 * $1.0 : $0 }
    let y: Tensor
    switch data.type.lane {
    case .real: y = try reduce(data, to: kept, real, count)
    case .signed: y = try reduce(data, to: kept, signed, count)
    case .unsigned: y = try reduce(data, to: kept, unsigned, count)
    }
    return try y.reshaped(shape(of: data.shape, reduced, keepsAxes: keepsAxes))
  }

  private func reduce<Number: Arithmetic>(
    _ data: Tensor, to kept: Shape, _ reduction: LaneReduction<Number>, _ count: Int
  ) throws(GraphError) -> Tensor {
    var held = try Tensor(zeros: kept, type: Number.elementType)
    // Reduction is broadcasting reversed: an element of the result combines all elements that it would be broadcast to.
    let rows = BroadcastRows(data.shape, kept, kept)
    let lanes = Lanes()
    data.withBytes { source in
      held.withMutableElements(Number.self) { held in
        held.update(repeating: reduction.start)
        guard let source = source.baseAddress else { return }
        rows.forEach { first, target, _ in
          for offset in stride(from: 0, to: rows.length, by: Lanes.capacity) {
            let length = min(Lanes.capacity, rows.length - offset)
            lanes.load(source, data.type, at: first + offset, count: length)
            lanes.with(Number.self) { next in
              if rows.aStep == 0 {
                var value = held[target]
                for index in 0..<length { value = reduction.combine(value, next[index]) }
                held[target] = value
              } else {
                let target = target + offset
                for index in 0..<length { held[target + index] = reduction.combine(held[target + index], next[index]) }
              }
            }
          }
        }
        for index in held.indices { held[index] = reduction.finish(held[index], count) }
      }
    }
    // Of nothing, a maximum is the lowest number of its own type.
    return count == 0 ? try held.saturated(to: data.type) : try held.converted(to: data.type)
  }

  private func shape(of data: Shape, _ reduced: [Bool], keepsAxes: Bool) -> Shape {
    var extents: [Int] = []
    for (extent, isReduced) in zip(data.extents, reduced) {
      if !isReduced { extents.append(extent) } else if keepsAxes { extents.append(1) }
    }
    return Shape(extents)
  }
}

/// How numbers are reduced to one.
struct LaneReduction<Number: Arithmetic> {
  let start: Number
  let combine: (_ held: Number, _ next: Number) -> Number
  let finish: (_ held: Number, _ count: Int) -> Number
}

/// An operator that reduces axes to one element each: ReduceSum and its kind.
public protocol ReductionOperator: OperatorDefinition {
  typealias Input = Reduction.Input

  var reduction: Reduction { get }
  init(_ reduction: Reduction)

  static var types: [ElementType] { get }
  /// Integers are computed with as real numbers; the result is truncated.
  static var isReal: Bool { get }
  /// The result of no elements, before it is finished.
  static func start<Number: Arithmetic>() -> Number
  static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number
  static func finish<Number: Arithmetic>(_ held: Number, count: Int) -> Number
  static func finish(real held: Double, count: Int) -> Double
}

extension ReductionOperator {
  public static var inputs: [OperatorInput] { Reduction.Input.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }
  public static var types: [ElementType] { ElementType.reducible }
  public static var isReal: Bool { false }
  public static func start<Number: Arithmetic>() -> Number { 0 }
  public static func finish<Number: Arithmetic>(_ held: Number, count: Int) -> Number { held }
  public static func finish(real held: Double, count: Int) -> Double { held }

  public init(_ attributes: AttributeReader) throws(GraphError) { self.init(try Reduction(attributes)) }

  public var attributes: [Attribute] { reduction.attributes }

  /// Whether each axis of `data` is reduced; throws E206 for an axis that it has not.
  public func reducedAxes(of data: Shape, axes: Tensor?) throws(GraphError) -> [Bool] {
    try reduction.reducedAxes(of: data, axes: axes, Self.name)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.data, is: Self.types)
    return [try reduction.infer(inputs)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let type = try inputs.required(Input.data).type
    let y = try reduction.reduce(
      Self.isReal ? try reduction.real(inputs) : inputs,
      LaneReduction(
        start: Self.start(), combine: { Self.combine($0, $1) }, finish: { Self.finish(real: $0, count: $1) }),
      LaneReduction(start: Self.start(), combine: { Self.combine($0, $1) }, finish: { Self.finish($0, count: $1) }),
      LaneReduction(start: Self.start(), combine: { Self.combine($0, $1) }, finish: { Self.finish($0, count: $1) }))
    return [try y.converted(to: type)]
  }
}

extension Reduction {
  /// The same inputs with integer data as float64.
  func real(_ inputs: Inputs<Tensor>) throws(GraphError) -> Inputs<Tensor> {
    let data = try inputs.required(Input.data)
    return data.type.isFloat
      ? inputs : Inputs(inputs.operatorName, [try data.converted(to: .float64), inputs[Input.axes]])
  }
}
