import Text

/// GridSample: a picture read at given positions. https://onnx.ai/onnx/operators/onnx__GridSample.html, opsets 16, 20
/// (any number of spatial axes) and 22.
///
/// Inputs: X `[N, C, (D,) H, W]`, grid `[N, (oD,) oH, oW, 2]` (or 3): positions, x first, on a picture that reaches
/// from −1 to 1. Output: Y `[N, C, (oD,) oH, oW]`. Positions are computed in the grid's type, at least in float32.
public struct GridSample: OperatorDefinition {
  public static let name = "GridSample"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let grid = OperatorInput(1, "grid", .activation)
  }

  public static let inputs = [Input.x, Input.grid]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public enum Mode: String, Sendable { case nearest, linear, cubic }
  /// What is read outside of the picture.
  public enum Padding: String, Sendable { case zeros, border, reflection }

  public var mode: Mode
  public var padding: Padding
  public var alignsCorners: Bool

  public init(mode: Mode = .linear, padding: Padding = .zeros, alignsCorners: Bool = false) {
    self.mode = mode
    self.padding = padding
    self.alignsCorners = alignsCorners
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    let name = try attributes.string("mode", default: Mode.linear.rawValue)
    // Opset 16 calls them so.
    guard let mode = Mode(rawValue: name == "bilinear" ? "linear" : name == "bicubic" ? "cubic" : name) else {
      throw attributes.bad("mode", "is '\(name)', must be nearest, linear or cubic")
    }
    let outside = try attributes.string("padding_mode", default: Padding.zeros.rawValue)
    guard let padding = Padding(rawValue: outside) else {
      throw attributes.bad("padding_mode", "is '\(outside)', must be zeros, border or reflection")
    }
    self.init(mode: mode, padding: padding, alignsCorners: try attributes.flag("align_corners", default: false))
  }

  public var attributes: [Attribute] {
    [.string("mode", mode.rawValue), .string("padding_mode", padding.rawValue), .flag("align_corners", alignsCorners)]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, grid) = (try inputs.required(Input.x), try inputs.required(Input.grid))
    try inputs.check(Input.x, is: ElementType.numbers)
    try inputs.check(Input.grid, is: ElementType.floats)
    let axes = x.shape.rank - 2
    guard axes >= 1, axes <= 3, grid.shape.rank == x.shape.rank, grid.shape[0] == x.shape[0],
      grid.shape[axes + 1] == axes
    else { throw .mismatch("GridSample: grid \(grid.shape) does not fit X \(x.shape)") }
    let shape = self.shape(x.shape, grid.shape)
    guard shape.extents.contains(0) || !x.shape.extents.contains(0) else {
      throw .mismatch("GridSample: X is \(x.shape), without pixels to read")
    }
    return [Fact(x.type, shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, grid) = (try inputs.required(Input.x), try inputs.required(Input.grid))
    let shape = shape(x.shape, grid.shape)
    var y = try Tensor(zeros: shape, type: .float64)
    guard y.count > 0 else { return [try y.converted(to: x.type)] }
    let (values, positions) = (try x.converted(to: .float64), grid.doubles)
    let (axes, channels) = (x.shape.rank - 2, x.shape[1])
    let (pixels, places) = (x.shape.count(from: 2), shape.count(from: 2))
    values.withElements(Double.self) { source in
      y.withMutableElements(Double.self) { target in
        for place in 0..<shape[0] * places {
          let picture = place / places
          var taps = [(offset: 0, weight: 1.0)]
          for axis in 0..<axes {
            // The last number of a position belongs to the first axis.
            let coordinate = position(
              positions[place * axes + axes - 1 - axis], of: x.shape[axis + 2], isWide: grid.type == .float64)
            let own = self.taps(coordinate, of: x.shape[axis + 2])
            taps = taps.flatMap { tap in
              own.map { (tap.offset * x.shape[axis + 2] + $0.index, tap.weight * $0.weight) }
            }
          }
          for channel in 0..<channels {
            let plane = (picture * channels + channel) * pixels
            var sum = 0.0
            for tap in taps { sum += source[plane + tap.offset] * tap.weight }
            target[(picture * channels + channel) * places + place % places] = sum
          }
        }
      }
    }
    if !x.type.isFloat { y = try y.mapped(real: { $0.rounded(.toNearestOrEven) }) }
    return [try y.converted(to: x.type)]
  }

  private func shape(_ x: Shape, _ grid: Shape) -> Shape {
    Shape([x[0], x[1]] + grid.extents[1..<grid.rank - 1])
  }

  /// A position of −1 to 1 as an index.
  private func position(_ value: Double, of extent: Int, isWide: Bool) -> Double {
    func index<Number: BinaryFloatingPoint>(_ value: Number) -> Number {
      alignsCorners ? (value + 1) / 2 * Number(extent - 1) : ((value + 1) * Number(extent) - 1) / 2
    }
    return isWide ? index(value) : Double(index(Float(value)))
  }

  /// The elements that a position along one axis reads. Those that count as 0 are left out.
  private func taps(_ position: Double, of extent: Int) -> [(index: Int, weight: Double)] {
    let far = Double(1 << 40)
    // NaN is outside.
    var x = position.isNaN ? -far : min(max(position, -far), far)
    if mode == .nearest { x.round(.toNearestOrEven) }
    let (low, high) = alignsCorners ? (0, Double(extent - 1)) : (-0.5, Double(extent) - 0.5)
    if x < low || x > high {
      switch padding {
      case .zeros: break
      case .border: x = min(max(x, 0), Double(extent - 1))
      case .reflection: x = reflected(x, low, high)
      }
    }
    let floor = x.rounded(.down)
    let first = Int(saturating: floor)
    let fraction = x - floor
    let weights: [Double]
    let start: Int
    switch mode {
    case .nearest: (start, weights) = (Int(saturating: x), [1])
    case .linear: (start, weights) = (first, [1 - fraction, fraction])
    case .cubic:
      (start, weights) = (
        first - 1, [1 + fraction, fraction, 1 - fraction, 2 - fraction].map { Self.cubic($0) }
      )
    }
    var taps: [(index: Int, weight: Double)] = []
    for (offset, weight) in weights.enumerated() where weight != 0 {
      var index = start + offset
      if index < 0 || index >= extent {
        switch padding {
        case .zeros: continue
        case .border: index = min(max(index, 0), extent - 1)
        case .reflection: index = min(max(Int(saturating: reflected(Double(index), low, high)), 0), extent - 1)
        }
      }
      taps.append((index, weight))
    }
    return taps
  }

  /// Mirrored at both ends until it lies between them.
  private func reflected(_ x: Double, _ low: Double, _ high: Double) -> Double {
    let span = high - low
    guard span > 0 else { return low }
    let distance = (x - low).magnitude
    let turns = (distance / span).rounded(.down)
    let rest = distance - turns * span
    return turns.truncatingRemainder(dividingBy: 2) == 0 ? low + rest : high - rest
  }

  /// Keys' cubic convolution with a = −0.75, at a distance from the tap of at most 2.
  private static func cubic(_ x: Double) -> Double {
    let a = -0.75
    return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
  }
}
