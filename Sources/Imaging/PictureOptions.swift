/// How a picture is read.
public struct PictureOptions: Sendable {
  public var limits = PictureLimits()
  /// Bits that a 16-bit sample really has: 12 for camera data stored without scaling. 16-bit samples are reduced to the
  /// upper 8 of these bits; larger values become 255. 8 to 16.
  public var bits = 16
  /// Extents of the displayed picture, in pixels, that the caller needs at least. A JPEG that is two, four or eight times as
  /// large along both axes is decoded at that fraction, which takes less time and memory. nil: all pixels.
  public var enough: (width: Int, height: Int)?

  public init() {}

  /// The fraction at which a JPEG of these extents is decoded: so many pixels become one along each axis. The smallest
  /// fraction whose extents are not below ``enough``, as Pillow's `draft` chooses it.
  public func reduction(width: Int, height: Int) -> Int {
    guard let enough, enough.width > 0, enough.height > 0 else { return 1 }
    let times = min(width / enough.width, height / enough.height)
    return times >= 8 ? 8 : times >= 4 ? 4 : times >= 2 ? 2 : 1
  }
}

/// The most that a picture may have. Whole-slide scans are far beyond what this module is for.
public struct PictureLimits: Sendable {
  /// Pixels of a side.
  public var side = 16384
  /// Pixels in all: 300 MB when decoded.
  public var pixels = 100_000_000
  /// Bytes of a file: at least 8 for each pixel.
  public var bytes = 512 << 20

  public init() {}

  public init(side: Int, pixels: Int) {
    (self.side, self.pixels) = (side, pixels)
    bytes = max(bytes, 8 * pixels)
  }

  /// One of the limits, for a program that names the option that raises it.
  public enum Kind: Sendable {
    case side
    case pixels
    case bytes
  }

  func check(_ header: PictureHeader) throws(PictureFault) {
    let (width, height) = header.stored
    guard width > 0, height > 0 else { throw .damaged("it has no pixels") }
    guard width <= side, height <= side else { throw .beyond(.side, width, height) }
    guard width <= pixels / height else { throw .beyond(.pixels, width, height) }
  }
}
