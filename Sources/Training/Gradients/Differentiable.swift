import ModelGraph

/// An operator with a gradient rule: the definition that fast training loops are held to, and what runs where there
/// are none.
protocol Differentiable {
  /// - Parameters:
  ///   - inputs: as the operator's page lists them.
  ///   - output: output 0 for these inputs.
  ///   - slope: the loss's gradient by output 0.
  /// - Returns: the loss's gradient by each input; nil for those it cannot flow to (indices, bounds, …).
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?]
}

/// A tensor's elements in double precision: gradient rules are definitions and can afford it.
struct Values {
  var shape: Shape
  var elements: [Double]

  init(_ shape: Shape, _ elements: [Double]) {
    self.shape = shape
    self.elements = elements
  }

  init(zeros shape: Shape) { self.init(shape, [Double](repeating: 0, count: shape.count)) }
  init(_ tensor: Tensor) { self.init(tensor.shape, tensor.doubles) }

  subscript(index: Int) -> Double {
    get { elements[index] }
    set { elements[index] = newValue }
  }

  func tensor(_ type: ElementType) throws(GraphError) -> Tensor {
    var tensor = try Tensor(zeros: shape, type: type == .float64 ? .float64 : .float32)
    if type == .float64 {
      tensor.withMutableElements(Double.self) { for index in $0.indices { $0[index] = elements[index] } }
    } else {
      tensor.withMutableElements(Float.self) { for index in $0.indices { $0[index] = Float(elements[index]) } }
    }
    return tensor
  }
}

extension Operator {
  /// The gradient rule, over float32 or float64 tensors: for tests, and for operators without loops of their own.
  ///
  /// - Parameter outputGradient: the loss's gradient by output 0. Returns that by each input, nil where it cannot flow.
  /// - Throws: ``noGradient`` for an operator without a rule.
  public func gradients(inputs: [Tensor?], output: Tensor, outputGradient: Tensor) throws(GraphError) -> [Tensor?] {
    guard let rule else { throw noGradient }
    let gradients = try rule.gradients(Inputs(name, inputs), output: output, slope: Values(outputGradient))
    var tensors: [Tensor?] = []
    for gradient in gradients { tensors.append(try gradient?.tensor(outputGradient.type)) }
    return tensors
  }

  /// Whether there is a rule: the same as ``Operator/differentiability`` says.
  public var hasGradientRule: Bool { rule != nil }

  /// E201: a loss cannot flow back through the operator.
  var noGradient: GraphError {
    let reason = if case .notDifferentiable(let reason) = differentiability { " (\(reason))" } else { "" }
    return GraphError(.unknownOperator, "\(name) has no gradient\(reason): it cannot be trained through")
  }

  private var rule: (any Differentiable)? { (try? accept(RuleVisitor())) ?? nil }
}

/// Finds the gradient rule of an operator by its type: a rule is an extension in this folder, and nothing else.
private struct RuleVisitor: OperatorVisitor {
  func visit<Definition: OperatorDefinition>(_ definition: Definition) throws(GraphError) -> (any Differentiable)? {
    definition as? any Differentiable
  }
}
