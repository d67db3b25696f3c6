import Text

/// The attributes of CumSum and CumProd.
public struct CumulativeDirection: Sendable, Equatable {
  /// An element itself does not count.
  public var isExclusive: Bool
  /// The elements behind each count, and not those before it.
  public var isReverse: Bool

  public init(isExclusive: Bool = false, isReverse: Bool = false) {
    self.isExclusive = isExclusive
    self.isReverse = isReverse
  }

  init(_ attributes: AttributeReader) throws(GraphError) {
    isExclusive = try attributes.flag("exclusive", default: false)
    isReverse = try attributes.flag("reverse", default: false)
  }

  var attributes: [Attribute] { [.flag("exclusive", isExclusive), .flag("reverse", isReverse)] }

  func infer(_ inputs: Inputs<Fact>, _ types: [ElementType]) throws(GraphError) -> [Fact] {
    let (x, axis) = (try inputs.required(CumulativeInput.x), try inputs.required(CumulativeInput.axis))
    try inputs.check(CumulativeInput.x, is: types)
    try inputs.check(CumulativeInput.axis, is: [.int32, .int64])
    guard axis.shape.count == 1 else {
      throw .mismatch("\(inputs.operatorName): axis is \(axis.shape), must be one number")
    }
    if let axis = axis.constant?.ints?.first { _ = try x.shape.axis(axis, of: inputs.operatorName) }
    return [Fact(x.type, x.shape)]
  }

  /// Combines the elements along the axis, in the numbers of their lane.
  @inline(never)
  func evaluate(
    _ inputs: Inputs<Tensor>, _ real: LaneCumulation<Double>, _ signed: LaneCumulation<Int64>,
    _ unsigned: LaneCumulation<UInt64>
  ) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(CumulativeInput.x)
    let axis = try x.shape.axis(
      try inputs.required(CumulativeInput.axis).ints?.first ?? 0, of: inputs.operatorName)
    let y: Tensor
    switch x.type.lane {
    case .real: y = run(try x.converted(to: .float64), axis, real)
    case .signed: y = run(try x.converted(to: .int64), axis, signed)
    case .unsigned: y = run(try x.converted(to: .uint64), axis, unsigned)
    }
    return [try y.converted(to: x.type)]
  }

  private func run<Number: Arithmetic>(_ wide: Tensor, _ axis: Int, _ cumulation: LaneCumulation<Number>) -> Tensor {
    var result = wide
    let shape = wide.shape
    let (count, inner) = (shape[axis], shape.extents[(axis + 1)...].reduce(1, *))
    let lines = count == 0 ? 0 : shape.count / count
    result.withMutableElements(Number.self) { elements in
      for line in 0..<lines {
        let first = line / inner * count * inner + line % inner
        var held = cumulation.start
        for index in 0..<count {
          let place = first + (isReverse ? count - 1 - index : index) * inner
          let next = cumulation.combine(held, elements[place])
          elements[place] = isExclusive ? held : next
          held = next
        }
      }
    }
    return result
  }
}

/// How numbers are combined one after the other.
struct LaneCumulation<Number: Arithmetic> {
  let start: Number
  let combine: (_ held: Number, _ next: Number) -> Number
}

/// An operator whose output holds, for each element, what those before it come to: CumSum and its kind.
///
/// Floats are combined in float64 and each result is rounded once. Integers wrap around.
public protocol CumulativeOperator: OperatorDefinition {
  typealias Input = CumulativeInput

  var direction: CumulativeDirection { get }
  init(_ direction: CumulativeDirection)

  static var types: [ElementType] { get }
  static func start<Number: Arithmetic>() -> Number
  static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number
}

public enum CumulativeInput {
  public static let x = OperatorInput(0, "x", .activation)
  public static let axis = OperatorInput(1, "axis", .setting)
  static let all = [x, axis]
}

extension CumulativeOperator {
  public static var inputs: [OperatorInput] { CumulativeInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public init(_ attributes: AttributeReader) throws(GraphError) { self.init(try CumulativeDirection(attributes)) }

  public var attributes: [Attribute] { direction.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { try direction.infer(inputs, Self.types) }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try direction.evaluate(
      inputs, LaneCumulation(start: Self.start(), combine: { Self.combine($0, $1) }),
      LaneCumulation(start: Self.start(), combine: { Self.combine($0, $1) }),
      LaneCumulation(start: Self.start(), combine: { Self.combine($0, $1) }))
  }
}
