import ModelGraph

/// An operator with a gradient rule: the definition that fast training loops are held to, and what runs where there
/// are none.
protocol Differentiable {
  /// - Parameters:
  ///   - inputs: as the operator's page lists them; nil where left out.
  ///   - output: output 0 for these inputs.
  ///   - slope: the loss's gradient by output 0.
  /// - Returns: the loss's gradient by each input; nil for those it cannot flow to (indices, bounds, …).
  func gradients(_ inputs: Inputs<Values>, output: Values, slope: Values) throws(GraphError) -> [Values?]
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

  func tensor(_ type: ElementType) throws(GraphError) -> Tensor {
    type == .float64 ? try Tensor(shape, elements) : try Tensor(shape, elements.map { Float($0) })
  }

  /// Elements combined one by one; both have the same shape.
  func zip(_ other: Values, _ combine: (Double, Double) -> Double) -> Values {
    Values(shape, Swift.zip(elements, other.elements).map { combine($0, $1) })
  }

  func map(_ transform: (Double) -> Double) -> Values { Values(shape, elements.map(transform)) }
}

extension Operator {
  /// Whether a loss can flow back through this operator.
  public var isDifferentiable: Bool { rule != nil }

  /// The gradient rule, over tensors: for tests, and for operators without loops of their own.
  ///
  /// BatchNormalization and Dropout are not here: in training they are other functions than the graph's definition.
  /// - Throws: E201 for an operator without a rule.
  public func gradients(inputs: [Tensor?], output: Tensor, outputGradient: Tensor) throws(GraphError) -> [Tensor?] {
    guard let rule else {
      throw GraphError(.unknownOperator, "\(name) has no gradient: it cannot be trained through")
    }
    let gradients = try rule.gradients(
      Inputs(name, inputs.map { $0.map { Values($0) } }), output: Values(output), slope: Values(outputGradient))
    var tensors: [Tensor?] = []
    for gradient in gradients { tensors.append(try gradient?.tensor(outputGradient.type)) }
    return tensors
  }

  private var rule: (any Differentiable)? {
    switch self {
    default: nil
    }
  }
}
