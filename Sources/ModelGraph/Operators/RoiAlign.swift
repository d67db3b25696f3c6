import Text

/// RoiAlign: regions of a feature map, each pooled to one size. https://onnx.ai/onnx/operators/onnx__RoiAlign.html,
/// opsets 10, 16 (`coordinate_transformation_mode`) and 22.
///
/// Inputs: X `[N, C, H, W]`, rois `[regions, 4]` (x, y, x, y of two corners), batch_indices (int64 `[regions]`).
/// Output: Y `[regions, C, output_height, output_width]`. Each bin is the mean of samples, interpolated between four
/// pixels; in mode max the largest pixel times its weight of all samples.
public struct RoiAlign: OperatorDefinition {
  public static let name = "RoiAlign"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let rois = OperatorInput(1, "rois", .activation)
    public static let pictures = OperatorInput(2, "batch_indices", .setting)
  }

  public static let inputs = [Input.x, Input.rois, Input.pictures]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  /// Samples of one bin. More would mean regions thousands of times as large as the picture.
  private static let sampleLimit = 1 << 16

  public var height: Int
  public var width: Int
  /// Samples along each side of a bin; 0: as many as a bin is long.
  public var samplingRatio: Int
  public var scale: Float
  public var takesMaximum: Bool
  /// Pixel centres lie at half numbers.
  public var isHalfPixel: Bool

  public init(
    height: Int = 1, width: Int = 1, samplingRatio: Int = 0, scale: Float = 1, takesMaximum: Bool = false,
    isHalfPixel: Bool = true
  ) {
    self.height = height
    self.width = width
    self.samplingRatio = samplingRatio
    self.scale = scale
    self.takesMaximum = takesMaximum
    self.isHalfPixel = isHalfPixel
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    height = try attributes.count("output_height", default: 1)
    width = try attributes.count("output_width", default: 1)
    samplingRatio = try attributes.int("sampling_ratio", default: 0)
    guard samplingRatio >= 0, samplingRatio <= 1 << 8 else {
      throw attributes.bad("sampling_ratio", "is \(samplingRatio), must be 0 to 256")
    }
    scale = try attributes.float("spatial_scale", default: 1)
    switch try attributes.string("mode", default: "avg") {
    case "avg": takesMaximum = false
    case "max": takesMaximum = true
    case let other: throw attributes.bad("mode", "is '\(other)', must be avg or max")
    }
    isHalfPixel = false
    guard attributes.opset >= 16 else { return }
    switch try attributes.string("coordinate_transformation_mode", default: "half_pixel") {
    case "half_pixel": isHalfPixel = true
    case "output_half_pixel": isHalfPixel = false
    case let other:
      throw attributes.bad("coordinate_transformation_mode", "is '\(other)', must be half_pixel or output_half_pixel")
    }
  }

  public var attributes: [Attribute] {
    [
      .int("output_height", height), .int("output_width", width), .int("sampling_ratio", samplingRatio),
      .float("spatial_scale", scale), .string("mode", takesMaximum ? "max" : "avg"),
      .string("coordinate_transformation_mode", isHalfPixel ? "half_pixel" : "output_half_pixel"),
    ]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, rois) = (try inputs.required(Input.x), try inputs.required(Input.rois))
    let pictures = try inputs.required(Input.pictures)
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.rois, matches: Input.x)
    try inputs.checkIndices(Input.pictures)
    guard x.shape.rank == 4, rois.shape == [rois.shape.extents.first ?? 0, 4],
      pictures.shape == [rois.shape[0]], x.shape[2] > 0, x.shape[3] > 0
    else {
      throw .mismatch(
        "RoiAlign: X \(x.shape), rois \(rois.shape) and batch_indices \(pictures.shape) do not fit")
    }
    return [Fact(x.type, [rois.shape[0], x.shape[1], height, width])]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, rois) = (try inputs.required(Input.x), try inputs.required(Input.rois).doubles)
    let pictures = try inputs.required(Input.pictures).ints ?? []
    let channels = x.shape[1]
    let plane = Plane(height: x.shape[2], width: x.shape[3])
    let values = x.doubles
    var y = [Double](repeating: 0, count: pictures.count * channels * height * width)
    guard !y.isEmpty else { return [try Tensor(zeros: [pictures.count, channels, height, width], type: x.type)] }
    for (region, picture) in pictures.enumerated() {
      guard picture >= 0, picture < x.shape[0] else {
        throw GraphError(.badInput, "RoiAlign: batch index \(picture) of \(x.shape[0]) pictures")
      }
      let rows = side(rois[4 * region + 1], rois[4 * region + 3], bins: height)
      let columns = side(rois[4 * region], rois[4 * region + 2], bins: width)
      guard rows.samples.multipliedReportingOverflow(by: columns.samples).overflow == false,
        rows.samples * columns.samples <= Self.sampleLimit
      else { throw GraphError(.badInput, "RoiAlign: a region is far larger than the picture") }
      for bin in 0..<height * width {
        var taps: [Plane.Sample] = []
        for row in 0..<rows.samples {
          for column in 0..<columns.samples {
            taps.append(plane.sample(rows.centre(bin / width, row), columns.centre(bin % width, column)))
          }
        }
        for channel in 0..<channels {
          let start = (picture * channels + channel) * plane.height * plane.width
          var result = 0.0
          for (place, sample) in taps.enumerated() {
            let products = sample.products(values, start)
            if takesMaximum {
              var largest = products.0.orLarger(products.1).orLarger(products.2).orLarger(products.3)
              if place > 0 { largest = result.orLarger(largest) }
              result = largest
            } else {
              result += products.0 + products.1 + products.2 + products.3
            }
          }
          if !takesMaximum { result /= Double(max(taps.count, 1)) }
          y[(region * channels + channel) * height * width + bin] = result
        }
      }
    }
    return [try Tensor([pictures.count, channels, height, width], y).converted(to: x.type)]
  }

  /// The bins along one side of a region.
  private func side(_ first: Double, _ last: Double, bins: Int) -> Side {
    let shift = isHalfPixel ? 0.5 : 0
    let start = first * Double(scale) - shift
    var length = last * Double(scale) - shift - start
    // Without the half pixel, a region has at least one.
    if !isHalfPixel { length = max(length, 1) }
    let bin = length / Double(bins)
    let samples = samplingRatio > 0 ? samplingRatio : max(Int(saturating: bin.rounded(.up)), 0)
    return Side(start: start, bin: bin, samples: samples)
  }

  private struct Side {
    let start: Double
    let bin: Double
    let samples: Int

    func centre(_ index: Int, _ sample: Int) -> Double {
      start + Double(index) * bin + (Double(sample) + 0.5) * bin / Double(samples)
    }
  }

  /// A plane of pixels that is read between them.
  private struct Plane {
    let height: Int
    let width: Int

    /// Four pixels and their weights.
    struct Sample {
      var places = (0, 0, 0, 0)
      var weights = (0.0, 0.0, 0.0, 0.0)

      func products(_ values: [Double], _ start: Int) -> (Double, Double, Double, Double) {
        (
          weights.0 * values[start + places.0], weights.1 * values[start + places.1],
          weights.2 * values[start + places.2], weights.3 * values[start + places.3]
        )
      }
    }

    /// All weights are 0 more than a pixel outside of the plane.
    func sample(_ y: Double, _ x: Double) -> Sample {
      guard y >= -1, y <= Double(height), x >= -1, x <= Double(width) else { return Sample() }
      let (row, column) = (neighbours(y, height), neighbours(x, width))
      return Sample(
        places: (
          row.low * width + column.low, row.low * width + column.high, row.high * width + column.low,
          row.high * width + column.high
        ),
        weights: (
          (1 - row.part) * (1 - column.part), (1 - row.part) * column.part, row.part * (1 - column.part),
          row.part * column.part
        ))
    }

    private func neighbours(_ position: Double, _ extent: Int) -> (low: Int, high: Int, part: Double) {
      let inside = max(position, 0)
      let low = Int(saturating: inside)
      if low >= extent - 1 { return (extent - 1, extent - 1, 0) }
      return (low, low + 1, inside - Double(low))
    }
  }
}
