// What the quantised operators share: real = (quantised − zero point) · scale.

/// Which of a quantised tensor's scales and zero points belongs to an element, where there is more than one of each.
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

  /// One for each index of `axis` of `shape`.
  static func along(_ axis: Int, of shape: Shape) -> QuantizationGrain {
    .axis(extent: shape[axis], inner: shape.extents[(axis + 1)...].reduce(1, *))
  }
}

extension ElementType {
  /// What quantised activations and weights are held in.
  static let bytes: [ElementType] = [.int8, .uint8]
}

extension Inputs where Element == Fact {
  /// Throws E207, E208 or E204 unless input `scale` is float32 and input `zeroPoint` is of `type` (or left out), and
  /// each holds one number, or one for each of `channels`.
  func checkQuantization(
    _ scale: OperatorInput, _ zeroPoint: OperatorInput, _ type: ElementType, channels: Int = 1
  ) throws(GraphError) {
    let fact = try required(scale)
    try check(scale, is: [.float32])
    try checkCount(fact.shape, scale.name, channels)
    try checkZeroPoint(zeroPoint, type, channels: channels)
  }

  /// The zero point's half of ``checkQuantization(_:_:_:channels:)``.
  func checkZeroPoint(_ zeroPoint: OperatorInput, _ type: ElementType, channels: Int = 1) throws(GraphError) {
    guard let fact = self[zeroPoint] else { return }
    try check(zeroPoint, is: [type])
    try checkCount(fact.shape, zeroPoint.name, channels)
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
  func scale(_ input: OperatorInput) -> Float { scales(input).first ?? 1 }

  /// The scales of a tensor or of its channels. `checkQuantization` has seen them.
  func scales(_ input: OperatorInput) -> [Float] { self[input]?.array(of: Float.self) ?? [1] }

  /// The one zero point of a whole tensor; 0 where it is left out.
  func zeroPoint(_ input: OperatorInput) -> Int32 { self[input]?.zeroPoints.first ?? 0 }
}

extension Tensor {
  /// The elements of an int8, uint8 or int32 tensor of zero points.
  var zeroPoints: [Int32] { (ints ?? []).map { Int32(truncatingIfNeeded: $0) } }

  /// int8, uint8 or int32 elements less their zero points, as int32: what products are taken of.
  func centered(_ zeroPoint: Tensor?, _ grain: QuantizationGrain = .tensor) throws(GraphError) -> Tensor {
    switch type {
    case .int8: return try centered(Int8.self, zeroPoint, grain)
    case .uint8: return try centered(UInt8.self, zeroPoint, grain)
    default: return try centered(Int32.self, zeroPoint, grain)
    }
  }

  private func centered<Element: TensorElement & FixedWidthInteger>(
    _: Element.Type, _ zeroPoint: Tensor?, _ grain: QuantizationGrain
  ) throws(GraphError) -> Tensor {
    let zeroPoints = zeroPoint?.zeroPoints ?? [0]
    return try mapped(zeroPoints, grain) { (element: Element, zeroPoint: Int32) in
      Int32(truncatingIfNeeded: element) &- zeroPoint
    }
  }

  /// int32 elements times their scales, as float32: the real numbers behind centred elements or sums of their products.
  func scaled(by scales: [Float], _ grain: QuantizationGrain = .tensor) throws(GraphError) -> Tensor {
    try mapped(scales, grain) { (element: Int32, scale: Float) in Float(element) * scale }
  }

  /// float32 elements, already divided by their scale, as the int8 or uint8 numbers that stand for them.
  func quantized(
    _ type: ElementType, zeroPoints: [Int32], _ grain: QuantizationGrain = .tensor
  ) throws(GraphError) -> Tensor {
    switch type {
    case .int8: return try quantized(Int8.self, zeroPoints, grain)
    default: return try quantized(UInt8.self, zeroPoints, grain)
    }
  }

  private func quantized<Byte: TensorElement & FixedWidthInteger>(
    _: Byte.Type, _ zeroPoints: [Int32], _ grain: QuantizationGrain
  ) throws(GraphError) -> Tensor {
    try mapped(zeroPoints, grain) { (element: Float, zeroPoint: Int32) in
      Byte(quantizing: element, zeroPoint: zeroPoint)
    }
  }

  /// `transform` of each element and the parameter that belongs to it.
  @inline(__always)
  func mapped<Element: TensorElement, Parameter, Result: TensorElement>(
    _ parameters: [Parameter], _ grain: QuantizationGrain, _ transform: (Element, Parameter) -> Result
  ) throws(GraphError) -> Tensor {
    if parameters.count == 1 {
      let parameter = parameters[0]
      return try mapped { (element: Element) in transform(element, parameter) }
    }
    var result = try Tensor(zeros: shape, type: Result.elementType)
    withElements(Element.self) { source in
      result.withMutableElements(Result.self) { target in
        for index in source.indices {
          target[index] = transform(source[index], parameters[grain.parameter(of: index)])
        }
      }
    }
    return result
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
