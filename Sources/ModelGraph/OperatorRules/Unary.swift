// Operators of one input that work on each element by itself: a definition is a function of one number.

/// The input of every unary operator.
public enum UnaryInput {
  public static let x = OperatorInput(0, "X", .activation)
  static let all = [x]
}

/// A function of one real number, for float types. It is computed in double precision and rounded once.
public protocol RealFunction: OperatorDefinition {
  typealias Input = UnaryInput

  func apply(_ x: Double) -> Double
}

extension RealFunction {
  public static var inputs: [OperatorInput] { UnaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.sameAsFirst(UnaryInput.x, ElementType.floats)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try inputs.required(UnaryInput.x).mapped(real: { apply($0) })]
  }
}

/// A function of one number that is the same for floats and integers. Integers wrap around.
public protocol NumberFunction: OperatorDefinition {
  typealias Input = UnaryInput

  static var types: [ElementType] { get }
  func apply<Number: Arithmetic>(_ x: Number) -> Number
}

extension NumberFunction {
  public static var inputs: [OperatorInput] { UnaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.sameAsFirst(UnaryInput.x, Self.types)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(UnaryInput.x)
    return [try x.mapped(real: { apply($0) }, signed: { apply($0) }, unsigned: { apply($0) })]
  }
}

extension Inputs where Element == Fact {
  /// The fact of an output of the type and shape of `input`, which must be of one of `types`.
  func sameAsFirst(_ input: OperatorInput, _ types: [ElementType]) throws(GraphError) -> [Fact] {
    let x = try required(input)
    try check(input, is: types)
    return [Fact(x.type, x.shape)]
  }
}
