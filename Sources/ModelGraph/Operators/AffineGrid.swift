import Text

/// AffineGrid: for every pixel of a picture, where an affine map sends it, for GridSample.
/// https://onnx.ai/onnx/operators/onnx__AffineGrid.html, opset 20.
///
/// Inputs: theta `[N, 2, 3]` or `[N, 3, 4]`, size (int64 `[N, C, (D,) H, W]`; constant). Output: grid `[N, (D,) H, W,
/// 2]` (or 3), x first. A picture reaches from −1 to 1: to the centres of its outermost pixels with `align_corners`,
/// otherwise to their edges.
public struct AffineGrid: OperatorDefinition {
  public static let name = "AffineGrid"

  public enum Input {
    public static let theta = OperatorInput(0, "theta", .activation)
    public static let size = OperatorInput(1, "size", .setting)
  }

  public static let inputs = [Input.theta, Input.size]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var alignsCorners: Bool

  public init(alignsCorners: Bool = false) { self.alignsCorners = alignsCorners }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alignsCorners = try attributes.flag("align_corners", default: false)
  }

  public var attributes: [Attribute] { [.flag("align_corners", alignsCorners)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let theta = try inputs.required(Input.theta)
    try inputs.check(Input.theta, is: ElementType.floats)
    return [Fact(theta.type, try shape(theta.shape, inputs))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let theta = try inputs.required(Input.theta)
    let shape = try shape(theta.shape, inputs.facts)
    let axes = shape.rank - 2
    let maps = theta.doubles
    var grid: [Double] = []
    guard shape.count > 0 else { return [try Tensor(zeros: shape, type: theta.type)] }
    grid.reserveCapacity(shape.count)
    let pixels = shape.count / (shape[0] * axes)
    for place in 0..<shape[0] * pixels {
      let map = place / pixels * axes * (axes + 1)
      // x is the last axis.
      var position: [Double] = []
      var rest = place % pixels
      for axis in (1...axes).reversed() {
        position.append(centre(rest % shape[axis], of: shape[axis]))
        rest /= shape[axis]
      }
      for row in 0..<axes {
        let weights = map + row * (axes + 1)
        var sum = maps[weights + axes]
        for column in 0..<axes { sum += maps[weights + column] * position[column] }
        grid.append(sum)
      }
    }
    return [try Tensor(shape, grid).converted(to: theta.type)]
  }

  private func centre(_ pixel: Int, of extent: Int) -> Double {
    if alignsCorners { return extent > 1 ? 2 * Double(pixel) / Double(extent - 1) - 1 : 0 }
    return (2 * Double(pixel) + 1) / Double(extent) - 1
  }

  private func shape(_ theta: Shape, _ inputs: Inputs<Fact>) throws(GraphError) -> Shape {
    let size = try inputs.ints(Input.size)
    let axes = size.count - 2
    guard axes == 2 || axes == 3, theta == [size[0], axes, axes + 1] else {
      throw .mismatch("AffineGrid: theta \(theta) does not fit size \(Shape(size))")
    }
    return Shape([size[0]] + size[2...] + [axes])
  }
}
