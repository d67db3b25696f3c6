import Text

/// Where Resize reads an axis for each place of the output, and with which weights: its attributes besides the mode.
public struct ResizeSampling: Sendable, Equatable {
  public enum Coordinates: String, Sendable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case cropAndResize = "tf_crop_and_resize"
    /// Opset 11 alone has it.
    case halfPixelForNearest = "tf_half_pixel_for_nn"
  }

  /// Which of two neighbours is the nearest.
  public enum Rounding: String, Sendable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor
    case ceil
    /// Opset 10 and Upsample: the upper where an axis shrinks, otherwise the lower. Later opsets have no name for the
    /// former; written to a file, it becomes `floor`.
    case byDirection
  }

  public var coordinates: Coordinates
  public var rounding: Rounding
  public var cubicCoefficient: Float
  /// Taps outside of the axis do not count, instead of reading the element at its end.
  public var excludesOutside: Bool
  /// The value of places outside of the axis, with tf_crop_and_resize.
  public var extrapolation: Float
  /// A filter of the length of the step is used where an axis shrinks.
  public var antialiases: Bool

  public init(
    coordinates: Coordinates = .halfPixel, rounding: Rounding = .preferFloor, cubicCoefficient: Float = -0.75,
    excludesOutside: Bool = false, extrapolation: Float = 0, antialiases: Bool = false
  ) {
    self.coordinates = coordinates
    self.rounding = rounding
    self.cubicCoefficient = cubicCoefficient
    self.excludesOutside = excludesOutside
    self.extrapolation = extrapolation
    self.antialiases = antialiases
  }

  init(_ attributes: AttributeReader) throws(GraphError) {
    self.init()
    let wanted = try attributes.string("coordinate_transformation_mode", default: coordinates.rawValue)
    guard let coordinates = Coordinates(rawValue: wanted) else {
      throw attributes.bad("coordinate_transformation_mode", "is '\(wanted)', which is none of Resize's")
    }
    let nearest = try attributes.string("nearest_mode", default: rounding.rawValue)
    guard let rounding = Rounding(rawValue: nearest), rounding != .byDirection else {
      throw attributes.bad("nearest_mode", "is '\(nearest)', which is none of Resize's")
    }
    self.coordinates = coordinates
    self.rounding = rounding
    cubicCoefficient = try attributes.float("cubic_coeff_a", default: cubicCoefficient)
    excludesOutside = try attributes.flag("exclude_outside", default: false)
    extrapolation = try attributes.float("extrapolation_value", default: 0)
    antialiases = attributes.opset >= 18 ? try attributes.flag("antialias", default: false) : false
  }

  var attributes: [Attribute] {
    let nearest = rounding == .byDirection ? Rounding.floor : rounding
    var list: [Attribute] = [
      .string("coordinate_transformation_mode", coordinates.rawValue), .string("nearest_mode", nearest.rawValue),
      .float("cubic_coeff_a", cubicCoefficient),
    ]
    if excludesOutside { list.append(.flag("exclude_outside", true)) }
    if extrapolation != 0 { list.append(.float("extrapolation_value", extrapolation)) }
    if antialiases { list.append(.flag("antialias", true)) }
    return list
  }

  // MARK: Where an axis is read

  /// The index of the element that a place of the output repeats; nil: it is outside.
  public func nearest(_ place: Int, _ axis: ResampledAxis) -> Int? {
    if axis.isUnchanged { return place }
    // In float32, as other engines: where the exact coordinate is a whole number, its rounding errors hide those of the
    // scale.
    let x = coordinate(Float(place), axis)
    guard let index = inside(Double(x), axis) else { return nil }
    let rounded: Double =
      switch rounding {
      case .preferFloor: (index - 0.5).rounded(.up)
      case .preferCeil: (index + 0.5).rounded(.down)
      case .floor: index.rounded(.down)
      case .ceil: index.rounded(.up)
      case .byDirection: index.rounded(axis.scale < 1 ? .up : .down)
      }
    return min(max(Int(saturating: rounded), 0), axis.input - 1)
  }

  /// The elements of the axis that a place of the output sums up, and their weights, none of which is 0. nil: the place is
  /// outside.
  public func taps(_ place: Int, _ axis: ResampledAxis, isCubic: Bool) -> [(index: Int, weight: Double)]? {
    guard let x = inside(coordinate(Double(place), axis), axis) else { return nil }
    let floor = x.rounded(.down)
    let fraction = x - floor
    let stretch = antialiases ? min(axis.scale, 1) : 1
    // The filter reaches 1 or 2 steps to both sides; a step is the distance of two outputs where the axis shrinks.
    let reach = max(Int(saturating: ((isCubic ? 2 : 1) / stretch).rounded(.up)), 1)
    let first = Int(saturating: floor) - reach + 1
    var weights: [Double] = []
    var sum = 0.0
    for offset in 1 - reach...reach {
      let distance = ((Double(offset) - fraction) * stretch).magnitude
      var weight = isCubic ? cubic(distance) : max(1 - distance, 0)
      let index = first + weights.count
      if excludesOutside, index < 0 || index >= axis.input { weight = 0 }
      weights.append(weight)
      sum += weight
    }
    if (excludesOutside || stretch < 1) && sum != 0 { for index in weights.indices { weights[index] /= sum } }
    var taps: [(index: Int, weight: Double)] = []
    // Beyond the axis stands the element at its end.
    for (offset, weight) in weights.enumerated() where weight != 0 {
      taps.append((min(max(first + offset, 0), axis.input - 1), weight))
    }
    return taps
  }

  /// Keys' cubic convolution at a distance from the tap.
  private func cubic(_ x: Double) -> Double {
    let a = Double(cubicCoefficient)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }

  /// The coordinate, clamped to what an Int holds; nil if it is outside of the axis.
  private func inside(_ x: Double, _ axis: ResampledAxis) -> Double? {
    if coordinates == .cropAndResize, !(x >= 0 && x <= Double(axis.input - 1)) { return nil }
    let far = Double(1 << 40)
    return x.isNaN ? 0 : min(max(x, -far), far)
  }

  /// The coordinate in the input of a place of the output.
  private func coordinate<Number: BinaryFloatingPoint>(_ place: Number, _ axis: ResampledAxis) -> Number {
    let (scale, width) = (Number(axis.scale), Number(axis.width))
    let (input, output) = (Number(axis.input), Number(axis.output))
    switch coordinates {
    case .halfPixel: return (place + 0.5) / scale - 0.5
    case .halfPixelSymmetric: return input / 2 * (1 - output / width) + (place + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return axis.output > 1 ? (place + 0.5) / scale - 0.5 : 0
    // The exact extent of the output, before it was rounded down: as ONNX's reference, not as onnxruntime.
    case .alignCorners: return width == 1 ? 0 : place * (input - 1) / (width - 1)
    case .asymmetric: return place / scale
    case .halfPixelForNearest: return (place + 0.5) / scale
    case .cropAndResize:
      let (start, end) = (Number(axis.roiStart), Number(axis.roiEnd))
      if axis.output <= 1 { return (start + end) * (input - 1) / 2 }
      return start * (input - 1) + place * (end - start) * (input - 1) / (output - 1)
    }
  }
}

/// One axis of a Resize, with its scale known.
public struct ResampledAxis: Sendable, Equatable {
  public var input: Int
  public var output: Int
  public var scale: Double
  /// The extent of the output before it is rounded to a whole number.
  public var width: Double
  /// The part of the axis that is resized, in fractions of it.
  public var roiStart = 0.0
  public var roiEnd = 1.0

  init(unchanged extent: Int) {
    input = extent
    output = extent
    scale = 1
    width = Double(extent)
  }

  /// Whether the output is the input.
  public var isUnchanged: Bool { scale == 1 && input == output && roiStart == 0 && roiEnd == 1 }

  public var growth: Double { Double(output) / Double(max(input, 1)) }
}
