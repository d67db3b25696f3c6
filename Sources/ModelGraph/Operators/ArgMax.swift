/// ArgMax: the index of the largest element along an axis. https://onnx.ai/onnx/operators/onnx__ArgMax.html,
/// opsets 1, 11, 12 (`select_last_index`) and 13.
///
/// Input: data. Output: reduced, int64, whose axis is 1 or, without `keepdims`, gone. The first NaN wins over every number.
public struct ArgMax: OperatorDefinition {
  public typealias Input = ArgReduction.Input

  public static let name = "ArgMax"
  public static let inputs = ArgReduction.Input.all
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its output is an index")
  public static var types: [ElementType] { ElementType.numbers }

  public var reduction: ArgReduction

  public init(_ reduction: ArgReduction = ArgReduction()) { self.reduction = reduction }

  public init(_ attributes: AttributeReader) throws(GraphError) { reduction = try ArgReduction(attributes) }

  public var attributes: [Attribute] { reduction.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try reduction.infer(inputs)] }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try reduction.evaluate(inputs, largest: true)]
  }
}
