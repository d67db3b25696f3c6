public struct Add: OperatorDefinition {
  public static let name = "Add"
  public static let inputs = 1...16

  public init(_ attributes: AttributeReader) throws(GraphError) {
    throw GraphError(.unknownOperator, "Add is not written yet")
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [] }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] { [] }
}
