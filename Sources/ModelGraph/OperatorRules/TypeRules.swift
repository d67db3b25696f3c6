extension ElementType {
  static let floats: [ElementType] = [.float32, .float64]
  static let numbers: [ElementType] = [.float32, .float64, .int8, .uint8, .int32, .int64]
}

extension Inputs where Element == Fact {
  /// Throws E208 unless the input, where the node has it, is of one of `types`.
  func check(_ input: OperatorInput, is types: [ElementType]) throws(GraphError) {
    guard let type = self[input]?.type, !types.contains(type) else { return }
    var names = ""
    for (index, allowed) in types.enumerated() {
      names += (index == 0 ? "" : index == types.count - 1 ? " or " : ", ") + allowed.name
    }
    throw GraphError(.typeMismatch, "\(operatorName): \(input.name) is \(type.name), must be \(names)")
  }

  /// Throws E208 unless the input, where the node has it, is of the same type as `other`. `otherName` is what the
  /// message calls the other, its own name if nil.
  func check(_ input: OperatorInput, matches other: OperatorInput, _ otherName: String? = nil) throws(GraphError) {
    guard let type = self[input]?.type, let wanted = self[other]?.type, type != wanted else { return }
    throw GraphError(
      .typeMismatch,
      "\(operatorName): \(input.name) is \(type.name), but \(otherName ?? other.name) is \(wanted.name)")
  }
}

/// An operator for float32 and float64 only, whose definition is the same for both.
public protocol FloatOperator: OperatorDefinition {
  /// ``OperatorDefinition/evaluate(_:)`` for the type of input 0, which `infer` has checked.
  func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as: Number.Type) throws(GraphError) -> [Tensor]
}

extension FloatOperator {
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    switch try inputs.required(Self.inputs[0]).type {
    case .float32: return try evaluate(inputs, as: Float.self)
    case .float64: return try evaluate(inputs, as: Double.self)
    case let other: throw GraphError(.typeMismatch, "\(Self.name) cannot compute with \(other.name)")
    }
  }
}

/// An operator for every number type, whose definition is the same for all.
public protocol NumberOperator: OperatorDefinition {
  /// ``OperatorDefinition/evaluate(_:)`` for the type of input 0, which `infer` has checked.
  func evaluate<Number: Arithmetic>(_ inputs: Inputs<Tensor>, as: Number.Type) throws(GraphError) -> [Tensor]
}

extension NumberOperator {
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    switch try inputs.required(Self.inputs[0]).type {
    case .float32: return try evaluate(inputs, as: Float.self)
    case .float64: return try evaluate(inputs, as: Double.self)
    case .int8: return try evaluate(inputs, as: Int8.self)
    case .uint8: return try evaluate(inputs, as: UInt8.self)
    case .int32: return try evaluate(inputs, as: Int32.self)
    case .int64: return try evaluate(inputs, as: Int64.self)
    case .bool: throw GraphError(.typeMismatch, "\(Self.name) cannot compute with bool")
    }
  }
}
