import Text

/// The inputs of operators that combine any number of tensors.
public enum VariadicInput {
  public static let data = OperatorInput(0, "data_0", .activationOrWeight, .repeated)
  static let all = [data]
}

/// Any number of inputs of one type that are combined element by element, with NumPy's broadcasting: Sum, Max and their
/// kind.
///
/// Floats are combined in float64 and rounded once.
public protocol VariadicOperator: OperatorDefinition {
  typealias Input = VariadicInput

  static var types: [ElementType] { get }
  static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number
  static func finish(_ held: Double, count: Int) -> Double
}

extension VariadicOperator {
  public static var inputs: [OperatorInput] { VariadicInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }
  public static func finish(_ held: Double, count: Int) -> Double { held }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { try inputs.broadcastAll(Self.types) }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.combinedAll(
      real: { Self.combine($0, $1) }, signed: { Self.combine($0, $1) }, unsigned: { Self.combine($0, $1) },
      finish: { Self.finish($0, count: $1) })
  }
}

extension Inputs where Element == Fact {
  /// The fact of an output of the shape that all inputs broadcast to. They must be of one of `types`, and of the same.
  fileprivate func broadcastAll(_ types: [ElementType]) throws(GraphError) -> [Fact] {
    let all = try all()
    try check(VariadicInput.data, is: types)
    var shape = all[0].shape
    for next in all.dropFirst() {
      guard next.type == all[0].type else {
        throw GraphError(.typeMismatch, "\(operatorName): inputs are \(all[0].type.name) and \(next.type.name)")
      }
      shape = try broadcast(shape, next.shape, of: operatorName).checked()
    }
    return [Fact(all[0].type, shape)]
  }
}

extension Inputs where Element == Tensor {
  @inline(never)
  fileprivate func combinedAll(
    real: (Double, Double) -> Double, signed: (Int64, Int64) -> Int64, unsigned: (UInt64, UInt64) -> UInt64,
    finish: (Double, Int) -> Double
  ) throws(GraphError) -> [Tensor] {
    let all = try all()
    let type = all[0].type
    var held = type.isFloat ? try all[0].converted(to: .float64) : all[0]
    for next in all.dropFirst() {
      held = try held.combined(with: next, of: operatorName, real: real, signed: signed, unsigned: unsigned)
    }
    return [type.isFloat ? try held.mapped(to: type, real: { finish($0, all.count) }) : held]
  }
}
