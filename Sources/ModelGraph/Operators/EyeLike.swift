/// EyeLike: ones on a diagonal, zeros elsewhere. https://onnx.ai/onnx/operators/onnx__EyeLike.html, opsets 9 and 22.
///
/// Input: input, a matrix of which only the shape and, without `dtype`, the type count. The diagonal is `k` columns
/// to the right of the main one.
public struct EyeLike: OperatorDefinition {
  public static let name = "EyeLike"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.data]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable(
    "its output does not depend on the values of its input")

  /// nil: that of the input.
  public var type: ElementType?
  public var diagonal: Int

  public init(type: ElementType? = nil, diagonal: Int = 0) {
    self.type = type
    self.diagonal = diagonal
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    diagonal = try attributes.int("k", default: 0)
    if let number = try attributes.optionalInt("dtype") { type = try attributes.elementType("dtype", number) }
  }

  public var attributes: [Attribute] {
    (diagonal == 0 ? [] : [.int("k", diagonal)]) + (type.map { [.int("dtype", $0.onnxNumber)] } ?? [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    guard data.shape.rank == 2 else { throw .wrongRank("EyeLike: input", expected: 2, found: data.shape.rank) }
    return [Fact(type ?? data.type, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    var result = try Tensor(zeros: data.shape, type: type ?? data.type)
    guard result.count > 0 else { return [result] }
    let columns = data.shape[1]
    let starts = (0..<data.shape[0]).filter { (0..<columns).contains($0 + diagonal) }.map {
      $0 * columns + $0 + diagonal
    }
    let ones = try Tensor([starts.count], [UInt8](repeating: 1, count: starts.count)).converted(to: result.type)
    result.scatter(ones, at: starts, of: 1, by: .none)
    return [result]
  }
}
