// The roles of an operator: what planners, passes and the trainer need to know besides its shape rule and its
// definition. Each is a requirement of `OperatorDefinition` without a default, so that the compiler lists what a new
// operator lacks.

/// How an operator's multiply-adds are counted.
public enum MultiplyAdds: Sendable {
  /// Not counted: the operator is neither a convolution nor a matrix product.
  case none
  /// For each output element, as many as a filter has weights. `weight` is `[M, C/group, …]`.
  case convolution(weight: OperatorInput)
  /// For each input element, as many as a channel has weights. `weight` is `[C, M/group, …]`.
  case transposedConvolution(weight: OperatorInput)
  /// For each output element, as many as `a`, `[…, M, K]`, has columns.
  case matrixProduct(a: OperatorInput)
  /// The same where `a` is `[M, K]` or `[K, M]`.
  case transposableProduct(a: OperatorInput)

  /// The number of multiply-adds; 0 where the shapes are not known.
  func count(_ inputs: Inputs<Fact>, output: Shape) -> Int {
    switch self {
    case .none: return 0
    case .convolution(let weight):
      guard let weight = inputs[weight]?.shape, weight.rank > 1, weight[0] > 0 else { return 0 }
      return output.count * (weight.count / weight[0])
    case .transposedConvolution(let weight):
      guard let weight = inputs[weight]?.shape, weight.rank > 1, weight[0] > 0, let x = inputs.items.first??.shape
      else {
        return 0
      }
      return x.count * (weight.count / weight[0])
    case .matrixProduct(let a):
      guard let depth = inputs[a]?.shape.extents.last else { return 0 }
      return output.count * depth
    case .transposableProduct(let a):
      guard let a = inputs[a]?.shape, a.rank == 2, output.rank == 2, output[0] > 0 else { return 0 }
      return output.count * (a.count / output[0])
    }
  }
}

/// Whether an operator computes, or only moves elements.
public enum DataMovement: UInt8, Sendable {
  /// Output 0 holds the elements of input 0 in the same order. Only its shape may differ: Reshape.
  case view
  /// Output 0 holds elements of the inputs in another order or number: Transpose, Slice, Concat. Padding may be among
  /// them.
  case rearrangement
  /// Elements of output 0 are computed.
  case computation
}

/// Whether a loss can flow back through an operator.
public enum Differentiability: Sendable {
  /// The lab has a gradient rule for it (`Training/Gradients`).
  case differentiable
  /// It has none, for this reason.
  case notDifferentiable(_ reason: String)

  public var isPossible: Bool { if case .differentiable = self { true } else { false } }
}
