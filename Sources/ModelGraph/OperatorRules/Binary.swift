// Operators of two inputs that are combined element by element, with NumPy's broadcasting.

/// The inputs of every binary operator.
public enum BinaryInput {
  public static let a = OperatorInput(0, "A", .activationOrWeight)
  public static let b = OperatorInput(1, "B", .activationOrWeight)
  static let all = [a, b]
}

/// Two inputs of one number type, of which the output is too. Integers wrap around.
public protocol BinaryArithmetic: OperatorDefinition {
  typealias Input = BinaryInput

  init()
  static var types: [ElementType] { get }
  static func combine<Number: Arithmetic>(_ a: Number, _ b: Number) -> Number
}

extension BinaryArithmetic {
  public static var types: [ElementType] { ElementType.numbers }
  public static var inputs: [OperatorInput] { BinaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    self.init()
    try attributes.readOldBroadcast(of: BinaryInput.b)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { try inputs.pair(Self.types) }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.combined(
      real: { Self.combine($0, $1) }, signed: { Self.combine($0, $1) }, unsigned: { Self.combine($0, $1) })
  }
}

extension Inputs where Element == Fact {
  /// The fact of the output of a binary operator, whose inputs must be of one of `types`, and of the same.
  ///
  /// - Parameter result: the output's type; nil: that of the inputs.
  func pair(_ types: [ElementType], to result: ElementType? = nil) throws(GraphError) -> [Fact] {
    let (a, b) = (try required(BinaryInput.a), try required(BinaryInput.b))
    try check(BinaryInput.a, is: types)
    try check(BinaryInput.b, matches: BinaryInput.a)
    return [Fact(result ?? a.type, try broadcast(a.shape, b.shape, of: operatorName))]
  }
}

/// A comparison of two inputs of one type; the output is bool.
public protocol ComparisonOperator: OperatorDefinition {
  typealias Input = BinaryInput

  init()
  static var types: [ElementType] { get }
  static func holds<Number: Arithmetic>(_ a: Number, _ b: Number) -> Bool
}

extension ComparisonOperator {
  public static var types: [ElementType] { ElementType.numbers }
  public static var inputs: [OperatorInput] { BinaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    self.init()
    try attributes.readOldBroadcast(of: BinaryInput.b)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.pair(Self.types, to: .bool)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.combined(
      to: .bool, real: { Self.holds($0, $1) ? 1 : 0 }, signed: { Self.holds($0, $1) ? 1 : 0 },
      unsigned: { Self.holds($0, $1) ? 1 : 0 })
  }
}

/// Two inputs of one integer type, or bool, of which the output is too.
public protocol BitCombination: OperatorDefinition {
  typealias Input = BinaryInput

  static var types: [ElementType] { get }
  func combine<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number
}

extension BitCombination {
  public static var inputs: [OperatorInput] { BinaryInput.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { try inputs.pair(Self.types) }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.combined(real: { a, _ in a }, signed: { combine($0, $1) }, unsigned: { combine($0, $1) })
  }
}
