// What the quantised operators share: real = (quantised − zero point) · scale.

/// Which of a quantised tensor's scales and zero points belongs to an element.
enum QuantizationGrain: Sendable {
  /// One for all elements.
  case tensor
  /// One for each index of an axis of `extent`, whose neighbours lie `inner` elements apart.
  case axis(extent: Int, inner: Int)
  /// As many as there are elements, but that `size` neighbours along the axis share one.
  case blocks(extent: Int, inner: Int, size: Int)

  /// The place among the scales, for the element at `index` in row-major order.
  @inline(__always)
  func parameter(of index: Int) -> Int {
    switch self {
    case .tensor: return 0
    case .axis(let extent, let inner): return index / inner % extent
    case .blocks(let extent, let inner, let size):
      let (outer, along) = (index / (inner * extent), index / inner % extent)
      return (outer * ((extent + size - 1) / size) + along / size) * inner + index % inner
    }
  }

  /// `count` parameters (one, or one for each channel) of a tensor `[N, C, …]` or of weights `[M, …]`.
  init(channels count: Int, axis: Int, of shape: Shape) {
    self = count == 1 ? .tensor : .axis(extent: shape[axis], inner: shape.extents[(axis + 1)...].reduce(1, *))
  }
}

extension ElementType {
  /// What quantised activations and weights are held in.
  static let bytes: [ElementType] = [.int8, .uint8]
}

extension Inputs where Element == Fact {
  /// Throws E207, E208 or E204 unless input `scale` is float32 and input `zeroPoint` is of `type` (or left out), and
  /// each holds one number, or one for each of `channels`.
  ///
  /// - Parameter name: of the quantised value on the operator's page, which calls these `name_scale`, `name_zero_point`.
  func checkQuantization(
    of name: String, _ type: ElementType, scale: Int, zeroPoint: Int, channels: Int = 1
  ) throws(GraphError) {
    let scale = try required(scale, "\(name)_scale")
    try scale.mustBe([.float32], "\(operatorName): \(name)_scale")
    try checkCount(scale.shape, "\(name)_scale", channels)
    try checkZeroPoint(of: name, type, zeroPoint, channels: channels)
  }

  /// The zero point's half of ``checkQuantization(of:_:scale:zeroPoint:channels:)``.
  func checkZeroPoint(of name: String, _ type: ElementType, _ index: Int, channels: Int = 1) throws(GraphError) {
    guard let zeroPoint = self[index] else { return }
    try zeroPoint.mustBe([type], "\(operatorName): \(name)_zero_point")
    try checkCount(zeroPoint.shape, "\(name)_zero_point", channels)
  }

  private func checkCount(_ shape: Shape, _ name: String, _ channels: Int) throws(GraphError) {
    guard shape.count == 1 || shape.count == channels else {
      let wanted = channels == 1 ? "one number" : "one number or \(channels)"
      throw .mismatch("\(operatorName): \(name) is \(shape), must hold \(wanted)")
    }
  }
}

extension Inputs where Element == Tensor {
  /// The one scale of a whole tensor. `checkQuantization` has seen it.
  func scale(_ index: Int) -> Float { scales(index).first ?? 1 }

  /// The scales of a tensor or of its channels. `checkQuantization` has seen them.
  func scales(_ index: Int) -> [Float] { self[index]?.array(of: Float.self) ?? [1] }

  /// The one zero point of a whole tensor; 0 where it is left out.
  func zeroPoint(_ index: Int) -> Int32 { self[index]?.zeroPoints.first ?? 0 }
}

extension Tensor {
  /// The elements of an int8, uint8 or int32 tensor of zero points.
  var zeroPoints: [Int32] { (ints ?? []).map { Int32(truncatingIfNeeded: $0) } }

  /// The int8, uint8 or int32 elements less their zero points, as int32: what products are taken of.
  func centered(_ zeroPoint: Tensor?, _ grain: QuantizationGrain = .tensor) throws(GraphError) -> Tensor {
    switch type {
    case .int8: return try centered(Int8.self, zeroPoint, grain)
    case .uint8: return try centered(UInt8.self, zeroPoint, grain)
    default: return zeroPoint == nil ? self : try centered(Int32.self, zeroPoint, grain)
    }
  }

  private func centered<Element: TensorElement & FixedWidthInteger>(
    _: Element.Type, _ zeroPoint: Tensor?, _ grain: QuantizationGrain
  ) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: .int32)
    let zeros = zeroPoint?.zeroPoints ?? [0]
    let grain = zeros.count == 1 ? .tensor : grain
    withElements(Element.self) { source in
      result.withMutableElements(Int32.self) { target in
        for index in source.indices {
          target[index] = Int32(truncatingIfNeeded: source[index]) &- zeros[grain.parameter(of: index)]
        }
      }
    }
    return result
  }

  /// The real numbers of quantised elements: (element − zero point) · scale.
  func dequantized(
    scales: [Float], zeroPoint: Tensor?, _ grain: QuantizationGrain = .tensor
  ) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape)
    try centered(zeroPoint, grain).withElements(Int32.self) { source in
      result.withMutableElements(Float.self) { target in
        for index in source.indices { target[index] = Float(source[index]) * scales[grain.parameter(of: index)] }
      }
    }
    return result
  }

  /// An int8 or uint8 tensor from `value(i)`: the real number that element `i` stands for, divided by its scale.
  @inline(__always)
  static func quantized(
    _ shape: Shape, _ type: ElementType, zeroPoint: (Int) -> Int32, value: (Int) -> Float
  ) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: type)
    if type == .int8 {
      result.withMutableElements(Int8.self) { target in
        for index in target.indices { target[index] = Int8(quantizing: value(index), zeroPoint: zeroPoint(index)) }
      }
    } else {
      result.withMutableElements(UInt8.self) { target in
        for index in target.indices { target[index] = UInt8(quantizing: value(index), zeroPoint: zeroPoint(index)) }
      }
    }
    return result
  }

  /// An int8 or uint8 tensor from int32 sums of products: sum · factor, where factor is the scales of what was
  /// multiplied over the scale of the result.
  func requantized(
    _ type: ElementType, factors: [Float], _ grain: QuantizationGrain, zeroPoint: Int32
  ) throws(GraphError) -> Tensor {
    try withElements(Int32.self) { sums throws(GraphError) in
      try Tensor.quantized(shape, type, zeroPoint: { _ in zeroPoint }) { index in
        Float(sums[index]) * factors[grain.parameter(of: index)]
      }
    }
  }
}

extension FixedWidthInteger {
  /// `value` rounded to the nearest integer (halves to even) plus `zeroPoint`, clamped to the type; NaN gives the lowest.
  /// In float32 and in this order, as onnxruntime computes it.
  @inline(__always)
  init(quantizing value: Float, zeroPoint: Int32) {
    let lowest = Float(Self.min) - Float(zeroPoint)
    let highest = Float(Self.max) - Float(zeroPoint)
    let clamped = value > lowest ? Swift.min(value, highest) : lowest
    self = Self(truncatingIfNeeded: Int32(clamped.rounded(.toNearestOrEven)) &+ zeroPoint)
  }
}
