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
    type == .float64 ? try Tensor(shape, elements) : try Tensor(shape, elements.map { Float($0) })
  }
}

extension Operator {
  /// Whether a loss can flow back through this operator.
  public var isDifferentiable: Bool { rule != nil }

  /// The gradient rule, over float32 or float64 tensors: for tests, and for operators without loops of their own.
  ///
  /// - Parameter outputGradient: the loss's gradient by output 0. Returns that by each input, nil where it cannot flow.
  /// - Throws: E201 for an operator without a rule.
  public func gradients(inputs: [Tensor?], output: Tensor, outputGradient: Tensor) throws(GraphError) -> [Tensor?] {
    guard let rule else {
      throw GraphError(.unknownOperator, "\(name) has no gradient: it cannot be trained through")
    }
    let gradients = try rule.gradients(Inputs(name, inputs), output: output, slope: Values(outputGradient))
    var tensors: [Tensor?] = []
    for gradient in gradients { tensors.append(try gradient?.tensor(outputGradient.type)) }
    return tensors
  }

  private var rule: (any Differentiable)? {
    switch self {
    case .conv(let operation): operation
    case .batchNormalization(let operation): operation
    case .relu(let operation): operation
    case .leakyRelu(let operation): operation
    case .clip(let operation): operation
    case .sigmoid(let operation): operation
    case .hardSigmoid(let operation): operation
    case .hardSwish(let operation): operation
    case .maxPool(let operation): operation
    case .averagePool(let operation): operation
    case .globalAveragePool(let operation): operation
    case .globalMaxPool(let operation): operation
    case .reduceMean(let operation): operation
    case .add(let operation): operation
    case .sub(let operation): operation
    case .mul(let operation): operation
    case .div(let operation): operation
    case .concat(let operation): operation
    case .flatten(let operation): operation
    case .reshape(let operation): operation
    case .squeeze(let operation): operation
    case .unsqueeze(let operation): operation
    case .transpose(let operation): operation
    case .pad(let operation): operation
    case .slice(let operation): operation
    case .gather(let operation): operation
    case .identity(let operation): operation
    case .gemm(let operation): operation
    case .matMul(let operation): operation
    case .softmax(let operation): operation
    case .logSoftmax(let operation): operation
    default: nil
    }
  }
}
