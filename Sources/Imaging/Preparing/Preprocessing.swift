import ModelGraph
import PictureModels
import Platform

/// Prepares a picture as model input: resize, centre crop, scale to 0...1, subtract the mean and divide by the standard
/// deviation per channel; or subtract the cell's own mean colour instead. Training and the field program share this
/// code.
public struct Preprocessing: Sendable {
  /// Height and width of the tensor.
  public let height: Int
  public let width: Int
  /// Length of the shorter side before the centre crop (if the crop is larger, borders are reflected); nil: both sides
  /// are resized to `width` × `height`.
  public let resize: Int?
  /// How picture files are read: limits, and bits as the model's metadata say.
  public var reading = PictureOptions()
  /// Whether large JPEGs may be decoded at a fraction (``read(_:)``).
  public var reduces = true
  /// For each channel of the tensor, the index of R, G or B.
  private let order: [Int]
  /// For each channel of the tensor, a table from byte to float: 3 × 256.
  private let table: [Float]
  private let isCentered: Bool

  /// ImageNet's mean and std as in torchvision, the usual normalisation of pre-trained networks.
  public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  public static let imageNetStd: [Float] = [0.229, 0.224, 0.225]

  /// - Parameter inputShape: the model's input `[N, 3, H, W]`, which must agree with `metadata.inputSize` if that is
  ///   given.
  public init(_ metadata: ModelMetadata, inputShape: Shape) throws(ImagingError) {
    guard inputShape.rank == 4 else {
      throw ImagingError("the model wants an input of shape \(inputShape); pictures are [N, 3, height, width]")
    }
    guard inputShape[1] == 3 else {
      throw ImagingError("the model wants \(inputShape[1]) channels; pictures have 3 (red, green, blue)")
    }
    let sides = ModelMetadata.Bound.sides
    guard sides.contains(inputShape[2]), sides.contains(inputShape[3]) else {
      throw ImagingError(
        "the model wants \(inputShape[3]) × \(inputShape[2]) pixels; 1 to \(sides.upperBound) a side are possible")
    }
    if !metadata.inputSize.isEmpty {
      guard metadata.inputSize == [inputShape[2], inputShape[3]] else {
        throw ImagingError(
          "the model's giemsa.input_size says \(metadata.inputSize[0]) × \(metadata.inputSize[1]), "
            + "its input \(inputShape[2]) × \(inputShape[3]) (height × width)")
      }
    }
    isCentered = metadata.centering != nil
    guard isCentered || metadata.mean.count == 3 && metadata.std.count == 3 else {
      throw ImagingError(
        "mean and std have \(metadata.mean.count) and \(metadata.std.count) numbers; "
          + "there must be 3 of each, for red, green, blue in the model's channel order")
    }
    height = inputShape[2]
    width = inputShape[3]
    resize = metadata.resize
    reading.bits = metadata.bits ?? reading.bits
    // Slightly smaller is filled by reflection; less than half is an error.
    if let resize, 2 * resize < max(height, width) {
      throw ImagingError("pictures are resized to \(resize), which leaves too little to crop \(width) × \(height) from")
    }
    order = metadata.channelOrder == .rgb ? [0, 1, 2] : [2, 1, 0]
    var table: [Float] = []
    table.reserveCapacity(768)
    for channel in 0..<3 {
      for byte in 0..<256 {
        let value = Float(byte) / 255
        table.append(
          isCentered
            ? value * ModelMetadata.Centering.scale : (value - metadata.mean[channel]) / metadata.std[channel])
      }
    }
    self.table = table
  }

  /// Upper bound of the temporary memory of ``prepared(_:)`` in bytes: the picture resized along one axis, along both,
  /// with borders, and cropped. A row resized along one axis has the length of the longer of both.
  private func bytesToPrepare(_ picture: Picture) -> Int {
    let side = resize ?? max(width, height)
    let shorter = min(picture.width, picture.height)
    let longer = max(side, resize == nil ? 0 : max(picture.width, picture.height) * side / shorter)
    return 3 * (longer * max(picture.height, side) + 3 * longer * max(longer, side))
  }

  /// A JPEG is decoded at a fraction only if that leaves this many times the extents that ``prepared(_:)`` resizes to.
  private static let margin = 4

  /// How pictures for this preprocessing are read: as ``reading`` says, and a JPEG that is far larger than needed at 1/2, 1/4
  /// or 1/8. Training, evaluation and the field agree on that (docs/METADATA.md).
  public var options: PictureOptions {
    var options = reading
    if reduces {
      options.enough =
        resize.map { (Self.margin * $0, Self.margin * $0) } ?? (Self.margin * width, Self.margin * height)
    }
    return options
  }

  /// Reads a picture for ``prepared(_:)``.
  public func read(_ path: String) throws(ImagingError) -> PictureFile { try PictureFile(path, options) }

  /// Whether ``read(_:)`` decodes fewer pixels than `file`, the same file read whole, has.
  public func reduces(_ file: PictureFile) -> Bool {
    file.isReducible && options.reduction(width: file.picture.width, height: file.picture.height) > 1
  }

  /// The picture resized and cropped to `width` × `height`, still RGB bytes: the input of ``normalize(_:into:)``.
  public func prepared(_ picture: Picture) -> Picture {
    guard let resize else { return picture.resized(width: width, height: height) }
    return picture.resized(shorterSide: resize).extended(width: width, height: height)
      .cropped(width: width, height: height)
  }

  /// Number of floats of one picture in the tensor.
  public var floatsPerPicture: Int { 3 * height * width }

  /// Converts `width` × `height` RGB bytes to the tensor's three planes.
  public func normalize(_ pixels: UnsafeBufferPointer<UInt8>, into planes: UnsafeMutableBufferPointer<Float>) {
    let area = width * height
    precondition(pixels.count == area * 3 && planes.count == area * 3, "not a prepared picture")
    if isCentered {
      center(pixels, into: planes)
      return
    }
    table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress, let pixels = pixels.baseAddress, let planes = planes.baseAddress else {
        return
      }
      for channel in 0..<3 {
        var source = pixels + order[channel]
        let (values, plane) = (table + channel * 256, planes + channel * area)
        for index in 0..<area {
          plane[index] = values[Int(source[0])]
          source += 3
        }
      }
    }
  }

  /// Normalises as ``ModelMetadata/Centering/cell`` defines.
  private func center(_ pixels: UnsafeBufferPointer<UInt8>, into planes: UnsafeMutableBufferPointer<Float>) {
    let area = width * height
    func isCell(_ pixel: Int) -> Bool {
      ModelMetadata.Centering.isCell(pixels[pixel], pixels[pixel + 1], pixels[pixel + 2])
    }
    var (count, sums) = (0, (0, 0, 0))
    for pixel in stride(from: 0, to: 3 * area, by: 3) where isCell(pixel) {
      count += 1
      sums.0 += Int(pixels[pixel])
      sums.1 += Int(pixels[pixel + 1])
      sums.2 += Int(pixels[pixel + 2])
    }
    let scale = ModelMetadata.Centering.scale / (255 * Float(max(count, 1)))
    let means = [sums.0, sums.1, sums.2].map { Float($0) * scale }
    table.withUnsafeBufferPointer { values in
      for index in 0..<area {
        let inside = isCell(3 * index)
        for channel in 0..<3 {
          let color = order[channel]
          planes[channel * area + index] = inside ? values[Int(pixels[3 * index + color])] - means[color] : 0
        }
      }
    }
  }

  /// `[N, 3, height, width]` float32.
  public func tensor(_ pictures: [Picture]) throws(ImagingError) -> Tensor {
    for picture in pictures where platform_has_memory(bytesToPrepare(picture)) == 0 {
      throw ImagingError("no memory to prepare a picture of \(picture.width) × \(picture.height) pixels")
    }
    var result: Tensor
    do {
      result = try Tensor(zeros: [pictures.count, 3, height, width])
    } catch {
      throw ImagingError(error.message)
    }
    let step = floatsPerPicture
    result.withMutableElements(Float.self) { all in
      for (index, picture) in pictures.enumerated() {
        let planes = UnsafeMutableBufferPointer(rebasing: all[(index * step)..<((index + 1) * step)])
        prepared(picture).pixels.withUnsafeBufferPointer { normalize($0, into: planes) }
      }
    }
    return result
  }
}
