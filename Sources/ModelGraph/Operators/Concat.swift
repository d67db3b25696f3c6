import Text

/// Concat: tensors side by side along one axis. https://onnx.ai/onnx/operators/onnx__Concat.html, opsets 1, 4, 11 and
/// 13.
///
/// Inputs: any number of one type, alike in all extents but that of `axis`. Output: their join.
public struct Concat: OperatorDefinition {
  public static let name = "Concat"

  public enum Input {
    public static let parts = OperatorInput(0, "inputs", .activation, .repeated)
  }

  public static let inputs = [Input.parts]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  /// Negative values count from the back.
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = attributes.opset < 4 ? try attributes.int("axis", default: 1) : try attributes.int("axis")
  }

  public var attributes: [Attribute] { [.int("axis", axis)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let parts = try inputs.all()
    for part in parts where part.type != parts[0].type {
      throw GraphError(.typeMismatch, "Concat: inputs are \(parts[0].type.name) and \(part.type.name)")
    }
    return [Fact(parts[0].type, try Concat.join(parts.map { $0.shape }, axis: axis, of: "Concat"))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    [try Concat.join(try inputs.all(), axis: axis, of: "Concat")]
  }

  /// The shape of the concatenation of tensors of `shapes`.
  static func join(_ shapes: [Shape], axis: Int, of operatorName: String) throws(GraphError) -> Shape {
    var joined = shapes[0]
    let axis = try joined.axis(axis, of: operatorName)
    for shape in shapes.dropFirst() {
      guard shape.rank == joined.rank, shape.extents.indices.allSatisfy({ $0 == axis || shape[$0] == joined[$0] })
      else { throw .mismatch("\(operatorName): \(shape) does not continue \(shapes[0]) along axis \(axis)") }
      joined[axis] += shape[axis]
    }
    return joined
  }

  /// The concatenation of `parts`, which have one element type.
  static func join(_ parts: [Tensor], axis: Int, of operatorName: String) throws(GraphError) -> Tensor {
    let shape = try join(parts.map { $0.shape }, axis: axis, of: operatorName)
    let axis = try shape.axis(axis, of: operatorName)
    let outer = shape.extents[..<axis].reduce(1, *)
    var result = try Tensor(zeros: shape, type: parts[0].type)
    guard result.count > 0 else { return result }
    let rowBytes = result.byteCount / outer
    result.withMutableBytes { target in
      var column = 0
      for part in parts where part.count > 0 {
        let bytes = part.byteCount / outer
        part.withBytes { source in
          for row in 0..<outer {
            let piece = UnsafeRawBufferPointer(rebasing: source[row * bytes..<(row + 1) * bytes])
            UnsafeMutableRawBufferPointer(rebasing: target[(row * rowBytes + column)...]).copyMemory(from: piece)
          }
        }
        column += bytes
      }
    }
    return result
  }
}
