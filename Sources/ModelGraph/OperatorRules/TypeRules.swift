import Text

extension ElementType {
  static let floats: [ElementType] = [.float32, .float64, .float16, .bfloat16]
  static let signed: [ElementType] = [.int8, .int16, .int32, .int64]
  static let unsigned: [ElementType] = [.uint8, .uint16, .uint32, .uint64]
  static let integers = signed + unsigned
  static let numbers = floats + integers
  static let all = numbers + [.bool]
  /// The types of sums and products over axes.
  static let reducible = floats + [.int32, .int64, .uint32, .uint64]
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

  /// As ``check(_:matches:_:)``, but a float32 goes with other floats too: an attribute of an old opset, which is a float32
  /// whatever the type of the data, has become this input.
  func check(_ input: OperatorInput, matchesOrWasAttribute other: OperatorInput, _ otherName: String? = nil)
    throws(GraphError)
  {
    if self[input]?.type == .float32, let wanted = self[other]?.type, ElementType.floats.contains(wanted) { return }
    try check(input, matches: other, otherName)
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

/// An operator whose definition is the same for float32 and float64. Narrower types that its shape rule allows, float16 and
/// 8-bit integers, are computed as float32.
public protocol FloatOperator: OperatorDefinition {
  /// ``OperatorDefinition/evaluate(_:)`` for the type of input 0, which `infer` has checked.
  func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as: Number.Type) throws(GraphError) -> [Tensor]
}

extension FloatOperator {
  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    switch try inputs.required(Self.inputs[0]).type {
    case .float32: return try evaluate(inputs, as: Float.self)
    case .float64 where !LeftOut.doubles: return try evaluate(inputs, as: Double.self)
    case let narrow where narrow.byteCount <= 2:
      return try evaluate(inputs.converted(narrow, to: .float32), as: Float.self).converted(.float32, to: narrow)
    case let other:
      throw GraphError(.typeMismatch, "\(Self.name) cannot compute with \(other.name)\(Version.leftOutNote)")
    }
  }
}

// A definition may compute with a wider type than its inputs have.

extension Inputs where Element == Tensor {
  /// These inputs with those of one type converted to another.
  @inline(never)
  func converted(_ type: ElementType, to other: ElementType) throws(GraphError) -> Inputs<Tensor> {
    var result: [Tensor?] = []
    for item in items { result.append(item?.type == type ? try item?.converted(to: other) : item) }
    return Inputs(operatorName, result)
  }
}

extension Array where Element == Tensor {
  /// These results with those of one type converted to another.
  @inline(never)
  func converted(_ type: ElementType, to other: ElementType) throws(GraphError) -> [Tensor] {
    var result: [Tensor] = []
    for tensor in self { result.append(tensor.type == type ? try tensor.converted(to: other) : tensor) }
    return result
  }
}
