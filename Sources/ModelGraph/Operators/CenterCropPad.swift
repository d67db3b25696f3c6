import Text

/// CenterCropPad: the middle of a tensor, or the tensor in the middle of zeros.
/// https://onnx.ai/onnx/operators/onnx__CenterCropPad.html, opset 18.
///
/// Inputs: input_data, shape (int32 or int64 vector, an extent for each of `axes`; constant). An odd element is cut
/// off or added at the end.
public struct CenterCropPad: OperatorDefinition {
  public static let name = "CenterCropPad"

  public enum Input {
    public static let data = OperatorInput(0, "input_data", .activation)
    public static let shape = OperatorInput(1, "shape", .setting)
  }

  public static let inputs = [Input.data, Input.shape]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  /// nil: all.
  public var axes: [Int]?

  public init(axes: [Int]? = nil) { self.axes = axes }

  public init(_ attributes: AttributeReader) throws(GraphError) { axes = try attributes.optionalInts("axes") }

  public var attributes: [Attribute] { axes.map { [.ints("axes", $0)] } ?? [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, try shape(data.shape, inputs))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let (shape, strides) = (try shape(data.shape, inputs.facts), data.shape.strides)
    let picked = try data.picking(shape) { axis in
      let extent = data.shape[axis]
      let shift = shape[axis] < extent ? (extent - shape[axis]) / 2 : -((shape[axis] - extent) / 2)
      return (0..<shape[axis]).map { place in
        let source = place + shift
        return source >= 0 && source < extent ? source * strides[axis] : Tensor.nowhere
      }
    }
    return [picked]
  }

  private func shape(_ data: Shape, _ inputs: Inputs<Fact>) throws(GraphError) -> Shape {
    let extents = try inputs.ints(Input.shape)
    let axes = try data.distinctAxes(axes ?? Array(data.extents.indices), of: Self.name)
    guard extents.count == axes.count, extents.allSatisfy({ $0 >= 0 }) else {
      throw .mismatch("CenterCropPad: shape \(Shape(extents)) does not fit \(axes.count) axes of \(data)")
    }
    var shape = data
    for (axis, extent) in zip(axes, extents) { shape[axis] = extent }
    return shape
  }
}
