import Text

/// Einsum: products of elements of the operands, summed over the labels that the result lacks.
/// https://onnx.ai/onnx/operators/onnx__Einsum.html, opsets 12 and 28.
///
/// Inputs: any number of one type. Output: the axes on the right of the equation's arrow; without an arrow those of the
/// ellipsis and then, in order, each label that occurs once. Axes of extent 1 are broadcast. Floats are summed in
/// double precision, integers wrap around.
public struct Einsum: OperatorDefinition {
  public static let name = "Einsum"

  public enum Input {
    public static let operands = OperatorInput(0, "Inputs", .activationOrWeight, .repeated)
  }

  public static let inputs = [Input.operands]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public let equation: String
  private let parsed: EinsumEquation

  public init(_ equation: String) throws(GraphError) {
    self.equation = equation
    parsed = try EinsumEquation(equation)
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    guard attributes.has("equation") else { throw attributes.bad("equation", "is required") }
    try self.init(attributes.string("equation", default: ""))
  }

  public var attributes: [Attribute] { [.string("equation", equation)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let operands = try inputs.all()
    try inputs.check(Input.operands, is: ElementType.numbers)
    for operand in operands where operand.type != operands[0].type {
      throw GraphError(.typeMismatch, "Einsum: inputs are \(operands[0].type.name) and \(operand.type.name)")
    }
    let labels = try parsed.labels(operands.map { $0.shape })
    return [Fact(operands[0].type, Shape(labels.result.map { labels.extents[$0] }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let operands = try inputs.all()
    let type = operands[0].type
    // The low bits of an integer product do not depend on the higher ones.
    let y =
      type.isFloat ? try evaluate(operands, .float64, as: Double.self) : try evaluate(operands, .int64, as: Int64.self)
    return [try y.converted(to: type)]
  }

  /// Multiplies the operands from left to right. Each is first summed over the labels that only it has.
  private func evaluate<Number: Arithmetic>(
    _ operands: [Tensor], _ wide: ElementType, as _: Number.Type
  ) throws(GraphError) -> Tensor {
    let labels = try parsed.labels(operands.map { $0.shape })
    let one = LabelledTensor(tensor: try Tensor([], [1 as Number]), labels: [])
    var (left, rest): (LabelledTensor, [LabelledTensor]) = (one, [])
    for (tensor, names) in zip(operands, labels.operands) {
      rest.append(LabelledTensor(tensor: try tensor.converted(to: wide), labels: names))
    }
    while let next = rest.first {
      rest.removeFirst()
      /// The labels of `tensor` that something else has too: the result, an operand to come or `other`.
      func shared(_ tensor: LabelledTensor, _ other: LabelledTensor?) -> [Int] {
        var kept: [Int] = []
        for label in tensor.labels where !kept.contains(label) {
          let isBroadcast = tensor.extent(label) == 1 && labels.extents[label] != 1
          let isWanted =
            labels.result.contains(label) || rest.contains { $0.labels.contains(label) }
            || other?.labels.contains(label) == true
          if isWanted, !isBroadcast { kept.append(label) }
        }
        return kept
      }
      let right = try next.product(one, keeping: shared(next, left), as: Number.self)
      var kept = shared(left, nil)
      for label in shared(right, nil) where !kept.contains(label) { kept.append(label) }
      left = try left.product(right, keeping: kept, as: Number.self)
    }
    return try left.product(one, keeping: labels.result, as: Number.self).tensor
  }
}
