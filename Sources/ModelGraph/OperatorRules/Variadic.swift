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

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let all = try inputs.all()
    try inputs.check(VariadicInput.data, is: Self.types)
    var shape = all[0].shape
    for next in all.dropFirst() {
      guard next.type == all[0].type else {
        throw GraphError(.typeMismatch, "\(Self.name): inputs are \(all[0].type.name) and \(next.type.name)")
      }
      shape = try broadcast(shape, next.shape, of: Self.name).checked()
    }
    return [Fact(all[0].type, shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let all = try inputs.all()
    let type = all[0].type
    var held = type.isFloat ? try all[0].converted(to: .float64) : all[0]
    for next in all.dropFirst() {
      held = try held.combined(
        with: next, of: Self.name, real: { Self.combine($0, $1) }, signed: { Self.combine($0, $1) },
        unsigned: { Self.combine($0, $1) })
    }
    guard type.isFloat else { return [held] }
    return [try held.mapped(to: type, real: { Self.finish($0, count: all.count) })]
  }
}
