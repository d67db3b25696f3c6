import Text

/// MaxUnpool: puts maxima back to where MaxPool found them, among zeros.
/// https://onnx.ai/onnx/operators/onnx__MaxUnpool.html, opsets 9, 11 and 22.
///
/// Inputs: X `[N, C, …]`; I int64 of X's shape, the place of each element in the whole of the output; output_shape
/// int64 (optional, constant). Output: `[N, C, …]`, along each axis stride · (input − 1) + kernel − padding long. With
/// a larger output_shape, that result lies at its beginning.
public struct MaxUnpool: OperatorDefinition {
  public static let name = "MaxUnpool"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let indices = OperatorInput(1, "I", .setting)
    public static let shape = OperatorInput(2, "output_shape", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.indices, Input.shape]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var window: Window

  public init(_ window: Window) { self.window = window }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = Window(
      kernel: try attributes.ints("kernel_shape", default: []), strides: try attributes.ints("strides", default: []),
      pads: try attributes.ints("pads", default: []))
    if window.kernel.isEmpty { throw attributes.bad("kernel_shape", "is required") }
    for (name, list) in [("kernel_shape", window.kernel), ("strides", window.strides)]
    where list.contains(where: { $0 < 1 }) {
      throw attributes.bad(name, "must be at least 1")
    }
    if window.pads.contains(where: { $0 < 0 }) { throw attributes.bad("pads", "must not be negative") }
  }

  public var attributes: [Attribute] { window.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    _ = try inputs.required(Input.indices)
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.indices, is: [.int64])
    try inputs.check(Input.indices, isShaped: x.shape)
    let unpooled = try unpooled(x.shape)
    guard let wanted = try inputs.optionalInts(Input.shape) else { return [Fact(x.type, unpooled)] }
    guard wanted.count == unpooled.rank, zip(wanted, unpooled.extents).allSatisfy({ $0 >= $1 }) else {
      throw .mismatch("MaxUnpool: output_shape is \(Shape(wanted)), must be at least \(unpooled)")
    }
    return [Fact(x.type, Shape(wanted))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, indices) = (try inputs.required(Input.x), try inputs.required(Input.indices))
    var y = try Tensor(zeros: try unpooled(x.shape), type: x.type)
    let size = x.type.byteCount
    let places: [Int64] = indices.array()
    for place in places where place < 0 || place >= y.count {
      throw GraphError(.badInput, "MaxUnpool: index \(place) is outside the output \(y.shape)")
    }
    x.withBytes { x in
      y.withMutableBytes { y in
        for (index, place) in places.enumerated() {
          for byte in 0..<size { y[Int(place) * size + byte] = x[index * size + byte] }
        }
      }
    }
    guard let wanted = try inputs.facts.optionalInts(Input.shape) else { return [y] }
    let strides = y.shape.strides
    let padded = try y.picking(Shape(wanted)) { axis in
      (0..<wanted[axis]).map { $0 < y.shape[axis] ? $0 * strides[axis] : Tensor.nowhere }
    }
    return [padded]
  }

  private func unpooled(_ x: Shape) throws(GraphError) -> Shape {
    let rank = x.rank - 2
    guard rank >= 1, window.kernel.count == rank else {
      throw GraphError(.wrongRank, "MaxUnpool: X is \(x), the window has \(window.kernel.count) axes")
    }
    try window.check(window.strides, "strides", rank, Self.name)
    try window.check(window.pads, "pads", 2 * rank, Self.name)
    var result = x
    for axis in 0..<rank {
      let stride = window.strides.isEmpty ? 1 : window.strides[axis]
      let padding = window.pads.isEmpty ? 0 : window.pads[axis] + window.pads[axis + rank]
      result[axis + 2] = max(0, (x[axis + 2] - 1) * stride + window.kernel[axis] - padding)
    }
    return try result.checked()
  }
}
