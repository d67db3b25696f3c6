// The common part of the quantised operators: real = (quantised − zero point) · scale.

import Text

/// Which of the scales and zero points of a quantised tensor belongs to an element.
enum QuantizationGrain: Sendable {
  /// One for all elements.
  case tensor
  /// One for each index of an axis. `inner` is the distance in elements between two indices of the axis.
  case axis(extent: Int, inner: Int)
  /// One for every `size` neighbours along an axis.
  case blocks(extent: Int, inner: Int, size: Int)

  /// The index of the scale for the element at `index` in row-major order.
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
  /// The types of quantised activations and weights.
  static let bytes: [ElementType] = [.int8, .uint8]
  /// Those of QuantizeLinear and DequantizeLinear alone.
  static let quantized: [ElementType] = bytes + [.int16, .uint16]
  /// The types of their scales.
  static let scales: [ElementType] = [.float32, .float16, .bfloat16]
}

extension Inputs where Element == Fact {
  /// Throws E207, E208 or E204 unless input `scale` is of one of `scales` and input `zeroPoint` is of `type` (or left out), and
  /// each holds one number, or one for each of `channels`.
  func checkQuantization(
    _ scale: OperatorInput, _ zeroPoint: OperatorInput, _ type: ElementType, channels: Int = 1,
    scales: [ElementType] = [.float32]
  ) throws(GraphError) {
    let fact = try required(scale)
    try check(scale, is: scales)
    try checkCount(fact.shape, scale.name, channels)
    try checkZeroPoint(zeroPoint, type, channels: channels)
  }

  /// The check of the zero point in ``checkQuantization(_:_:_:channels:)``.
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
  /// The scale of a whole tensor, after `checkQuantization`.
  func scale(_ input: OperatorInput) -> Float { scales(input).first ?? 1 }

  /// The scale of a tensor, or the scales of its channels, after `checkQuantization`.
  func scales(_ input: OperatorInput) -> [Float] { self[input]?.doubles.map { Float($0) } ?? [1] }

  /// The zero point of a whole tensor; 0 if it is left out.
  func zeroPoint(_ input: OperatorInput) -> Int32 { self[input]?.zeroPoints.first ?? 0 }
}

extension Tensor {
  /// The elements of a tensor of zero points.
  var zeroPoints: [Int32] { (ints ?? []).map { Int32(truncatingIfNeeded: $0) } }

  /// Integers of up to 32 bits minus their zero points, as int32: the operands of products.
  func centered(_ zeroPoint: Tensor?, _ grain: QuantizationGrain = .tensor) throws(GraphError) -> Tensor {
    let integers = try converted(to: .int32)
    guard let zeroPoints = zeroPoint?.zeroPoints else { return integers }
    return try integers.mapped(zeroPoints, grain) { (element: Int32, zeroPoint: Int32) in element &- zeroPoint }
  }

  /// int32 elements times their scales, as float32: the real numbers that they stand for.
  func scaled(by scales: [Float], _ grain: QuantizationGrain = .tensor) throws(GraphError) -> Tensor {
    try mapped(scales, grain) { (element: Int32, scale: Float) in Float(element) * scale }
  }

  /// Rounds float32 elements, divided by their scales, to an integer type of 8 or 16 bits. Without `scales` they are divided
  /// already. Dividing here takes the memory of one float tensor less.
  func quantized(
    _ type: ElementType, scales: [Float] = [1], zeroPoints: [Int32], _ grain: QuantizationGrain = .tensor
  ) throws(GraphError) -> Tensor {
    let bits = Int32(8 * type.byteCount)
    let least: Int32 = type.lane == .signed ? -1 << (bits - 1) : 0
    let most = least + (1 << bits) - 1
    let parameters = zeroPoints.indices.map { (scales.count == 1 ? scales[0] : scales[$0], zeroPoints[$0]) }
    let integers = try mapped(parameters, grain) { (element: Float, parameters: (scale: Float, zeroPoint: Int32)) in
      Int32(quantizing: element / parameters.scale, zeroPoint: parameters.zeroPoint, from: least, to: most)
    }
    return try integers.converted(to: type)
  }

  /// Applies `transform` to each element and its parameter.
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

extension Int32 {
  /// `value` rounded to the nearest integer (halves to even) plus `zeroPoint`, clamped to a type's range; NaN gives the
  /// lowest. In float32 and in this order, as onnxruntime computes it.
  @inline(__always)
  init(quantizing value: Float, zeroPoint: Int32, from least: Int32, to most: Int32) {
    let lowest = Float(least) - Float(zeroPoint)
    let highest = Float(most) - Float(zeroPoint)
    let clamped = value > lowest ? Swift.min(value, highest) : lowest
    self = Int32(clamped.rounded(.toNearestOrEven)) &+ zeroPoint
  }
}
