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

  /// Combines the elements along an axis, in the numbers of a lane.
  func run<Number: Arithmetic>(
    _ wide: Tensor, axis: Int, start: Number, _ combine: (Number, Number) -> Number
  ) -> Tensor {
    var result = wide
    let shape = wide.shape
    let (count, inner) = (shape[axis], shape.extents[(axis + 1)...].reduce(1, *))
    let lines = count == 0 ? 0 : shape.count / count
    result.withMutableElements(Number.self) { elements in
      for line in 0..<lines {
        let first = line / inner * count * inner + line % inner
        var held = start
        for index in 0..<count {
          let place = first + (isReverse ? count - 1 - index : index) * inner
          let next = combine(held, elements[place])
          elements[place] = isExclusive ? held : next
          held = next
        }
      }
    }
    return result
  }
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

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, axis) = (try inputs.required(CumulativeInput.x), try inputs.required(CumulativeInput.axis))
    try inputs.check(CumulativeInput.x, is: Self.types)
    try inputs.check(CumulativeInput.axis, is: [.int32, .int64])
    guard axis.shape.count == 1 else {
      throw .mismatch("\(Self.name): axis is \(axis.shape), must be one number")
    }
    if let axis = axis.constant?.ints?.first { _ = try x.shape.axis(axis, of: Self.name) }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(CumulativeInput.x)
    let axis = try x.shape.axis(try inputs.required(CumulativeInput.axis).ints?.first ?? 0, of: Self.name)
    let y: Tensor
    switch x.type.lane {
    case .real:
      y = direction.run(try x.converted(to: .float64), axis: axis, start: Self.start() as Double) {
        Self.combine($0, $1)
      }
    case .signed:
      y = direction.run(try x.converted(to: .int64), axis: axis, start: Self.start() as Int64) {
        Self.combine($0, $1)
      }
    case .unsigned:
      y = direction.run(try x.converted(to: .uint64), axis: axis, start: Self.start() as UInt64) {
        Self.combine($0, $1)
      }
    }
    return [try y.converted(to: x.type)]
  }
}
