import ModelGraph
import PictureModels
import Platform
import Text

/// Prepares a picture as model input: resize, centre crop, scale to 0...1, subtract the mean and divide by the standard
/// deviation per channel; or subtract the cell's own mean colour instead. A model of one channel gets greys. Training and
/// the field program share this code.
public struct Preprocessing: Sendable {
  /// Height and width of the tensor.
  public let height: Int
  public let width: Int
  /// Length of the shorter side before the centre crop (if the crop is larger, borders are reflected); nil: both sides
  /// are resized to `width` × `height`.
  public let resize: Int?
  /// How picture files are read: limits, and bits as the model's metadata say.
  public var reading = PictureOptions()
  /// 3, or 1 for greys.
  public let channels: Int
  /// Whether large JPEGs may be decoded at a fraction (``read(_:)``).
  public var reduces = true
  /// For each channel of the tensor, the index of R, G or B.
  private let order: [Int]
  /// For each channel of the tensor, a table from byte to float: 256 for each.
  private let table: [Float]
  /// The tensor's order of axes.
  private let axes: PictureAxes
  private let isCentered: Bool

  /// ImageNet's mean and std as in torchvision, the usual normalisation of pre-trained networks.
  public static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  public static let imageNetStd: [Float] = [0.229, 0.224, 0.225]

  /// - Parameters:
  ///   - inputShape: the model's input, which must agree with `metadata.inputSize` if that is given.
  ///   - axes: what the axes of `inputShape` are.
  public init(
    _ metadata: ModelMetadata, inputShape: Shape, axes: PictureAxes = .channelsFirst
  ) throws(ImagingError) {
    guard inputShape.rank == 4 else {
      throw ImagingError(
        "the model wants an input of shape \(inputShape); pictures are [N, channels, height, width] or "
          + "[N, height, width, channels]")
    }
    let (channels, height, width) = (inputShape[axes.channel], inputShape[axes.height], inputShape[axes.width])
    guard PictureAxes.channelCounts.contains(channels) else {
      throw ImagingError("the model wants \(channels) channels; pictures have 3 (red, green, blue) or 1 (grey)")
    }
    let sides = ModelMetadata.Bound.sides
    guard sides.contains(height), sides.contains(width) else {
      throw ImagingError("the model wants \(width) × \(height) pixels; 1 to \(sides.upperBound) a side are possible")
    }
    if !metadata.inputSize.isEmpty {
      guard metadata.inputSize == [height, width] else {
        throw ImagingError(
          "the model's giemsa.input_size says \(metadata.inputSize[0]) × \(metadata.inputSize[1]), "
            + "its input \(height) × \(width) (height × width)")
      }
    }
    isCentered = metadata.centering != nil
    guard !isCentered || channels == 3 else {
      throw ImagingError("colours are centred, but the model takes greys; that needs a model of 3 channels")
    }
    guard isCentered || metadata.mean.count == channels && metadata.std.count == channels else {
      throw ImagingError(
        "mean and std have \(metadata.mean.count) and \(metadata.std.count) numbers; there must be "
          + (channels == 3 ? "3 of each, for red, green, blue in the model's channel order" : "one of each, for greys"))
    }
    (self.channels, self.axes, self.height, self.width) = (channels, axes, height, width)
    resize = metadata.resize
    reading.bits = metadata.bits ?? reading.bits
    // Slightly smaller is filled by reflection; less than half is an error.
    if let resize, 2 * resize < max(height, width) {
      throw ImagingError("pictures are resized to \(resize), which leaves too little to crop \(width) × \(height) from")
    }
    order = metadata.channelOrder == .rgb ? [0, 1, 2] : [2, 1, 0]
    var table: [Float] = []
    table.reserveCapacity(256 * channels)
    for channel in 0..<channels {
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
  public var floatsPerPicture: Int { channels * height * width }

  /// Bytes of a picture of ``prepared(_:)``.
  public var bytesPerPicture: Int { 3 * height * width }

  /// The shape of a tensor of so many pictures.
  public func shape(_ pictures: Int) -> Shape {
    axes.shape(pictures, channels: channels, height: height, width: width)
  }

  /// Converts `width` × `height` RGB bytes to the tensor's planes (or interleaved channels, where they come last).
  public func normalize(_ pixels: UnsafeBufferPointer<UInt8>, into floats: UnsafeMutableBufferPointer<Float>) {
    let area = width * height
    precondition(pixels.count == area * 3 && floats.count == area * channels, "not a prepared picture")
    if isCentered {
      center(pixels, into: floats)
      return
    }
    table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress, let pixels = pixels.baseAddress, let floats = floats.baseAddress else {
        return
      }
      if channels == 1 {
        for index in 0..<area { floats[index] = table[Int(Preprocessing.grey(pixels + 3 * index))] }
        return
      }
      let step = axes.isChannelsLast ? 3 : 1
      for channel in 0..<3 {
        var source = pixels + order[channel]
        let (values, plane) = (table + channel * 256, floats + channel * (axes.isChannelsLast ? 1 : area))
        for index in 0..<area {
          plane[index * step] = values[Int(source[0])]
          source += 3
        }
      }
    }
  }

  /// The grey of red, green and blue, as Pillow's `convert("L")` has it: ITU-R 601-2 luma in 16 bits, rounded.
  @inline(__always)
  private static func grey(_ pixel: UnsafePointer<UInt8>) -> UInt8 {
    UInt8(truncatingIfNeeded: (19595 * Int(pixel[0]) + 38470 * Int(pixel[1]) + 7471 * Int(pixel[2]) + 0x8000) >> 16)
  }

  /// Normalises as ``ModelMetadata/Centering/cell`` defines.
  private func center(_ pixels: UnsafeBufferPointer<UInt8>, into floats: UnsafeMutableBufferPointer<Float>) {
    let area = width * height
    let (pixelStep, channelStep) = axes.isChannelsLast ? (3, 1) : (1, area)
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
          floats[channel * channelStep + index * pixelStep] =
            inside ? values[Int(pixels[3 * index + color])] - means[color] : 0
        }
      }
    }
  }

  /// Float32, of the shape ``shape(_:)``.
  public func tensor(_ pictures: [Picture]) throws(ImagingError) -> Tensor {
    for picture in pictures where platform_has_memory(bytesToPrepare(picture)) == 0 {
      throw ImagingError("no memory to prepare a picture of \(picture.width) × \(picture.height) pixels")
    }
    var result: Tensor
    do {
      result = try Tensor(zeros: shape(pictures.count))
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
