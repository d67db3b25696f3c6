import Platform

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
    try inputs.mapped(UnaryInput.x, real: { apply($0) })
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
    try inputs.mapped(UnaryInput.x, real: { apply($0) }, signed: { apply($0) }, unsigned: { apply($0) })
  }
}

extension Inputs where Element == Fact {
  /// The fact of an output of the shape of `input`, which must be of one of `types`.
  ///
  /// - Parameter result: the output's type; nil: that of the input.
  func sameAsFirst(
    _ input: OperatorInput, _ types: [ElementType], to result: ElementType? = nil
  ) throws(GraphError) -> [Fact] {
    let x = try required(input)
    try check(input, is: types)
    return [Fact(result ?? x.type, x.shape)]
  }
}

/// A function of one number that differs for floats, signed and unsigned integers. bool is unsigned, 0 or 1.
public protocol LaneFunction: OperatorDefinition {
  typealias Input = UnaryInput

  static var types: [ElementType] { get }
  func real(_ x: Double) -> Double
  func signed(_ x: Int64) -> Int64
  func unsigned(_ x: UInt64) -> UInt64
}

extension LaneFunction {
  public static var inputs: [OperatorInput] { UnaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.sameAsFirst(UnaryInput.x, Self.types)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.mapped(UnaryInput.x, real: { real($0) }, signed: { signed($0) }, unsigned: { unsigned($0) })
  }
}

/// A property of a float: true or false.
public protocol FloatTest: OperatorDefinition {
  typealias Input = UnaryInput

  func holds(_ x: Double) -> Bool
}

extension FloatTest {
  public static var inputs: [OperatorInput] { UnaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.sameAsFirst(UnaryInput.x, ElementType.floats, to: .bool)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.mapped(UnaryInput.x, to: .bool, real: { holds($0) ? 1 : 0 })
  }
}

// Functions that more than one operator has.
extension Double {
  /// ln(e^x + 1), without overflow.
  var softplus: Double {
    self > 0 ? self + platform_log1p(platform_exp(-self)) : platform_log1p(platform_exp(self))
  }

  /// x / (1 + e^(−alpha · x)).
  func swish(_ alpha: Double) -> Double { self * (1 / (1 + platform_exp(-alpha * self))) }

  /// x · Φ(x), by the complementary error function: far below zero, 1 + erf would cancel.
  var gelu: Double { 0.5 * self * platform_erfc(-self * 0.5.squareRoot()) }

  /// The same by a hyperbolic tangent, as the page of Gelu has it.
  var approximateGelu: Double {
    let factor = (2 / Double.pi).squareRoot()
    return 0.5 * self * (1 + platform_tanh(factor * (self + 0.044715 * self * self * self)))
  }
}
