import Text

/// A function of the sum of a float tensor and a vector along its last axis: FastGelu and its kind.
public protocol BiasedFunction: OperatorDefinition {
  func apply(_ x: Double) -> Double
}

extension BiasedFunction {
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.biased(Self.inputs[0], Self.inputs[1])
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    try inputs.biased(Self.inputs[0], Self.inputs[1], { apply($0) })
  }
}

extension Inputs where Element == Fact {
  fileprivate func biased(_ input: OperatorInput, _ bias: OperatorInput) throws(GraphError) -> [Fact] {
    let x = try required(input)
    try check(input, is: ElementType.floats)
    try check(bias, matches: input)
    if let vector = bias.presence == .required ? try required(bias).shape : self[bias]?.shape {
      guard vector.rank == 1, vector.extents.last == x.shape.extents.last else {
        throw .mismatch(
          "\(operatorName): \(bias.name) is \(vector), must be a vector as long as the last axis of \(x.shape)")
      }
    }
    return [Fact(x.type, x.shape)]
  }
}

extension Inputs where Element == Tensor {
  fileprivate func biased(
    _ input: OperatorInput, _ bias: OperatorInput, _ function: (Double) -> Double
  ) throws(GraphError) -> [Tensor] {
    let x = try required(input)
    guard let bias = self[bias] else { return [try x.mapped(real: function)] }
    return [try x.combined(with: bias, of: operatorName, real: { function($0 + $1) })]
  }
}
