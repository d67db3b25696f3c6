/// Where the first stored row and column of a picture are displayed, by the numbers of EXIF and TIFF.
enum Orientation: Int {
  case upright = 1
  case mirrored
  case upsideDown
  case flipped
  case transposed
  /// The stored left side is displayed at the top: turned a quarter clockwise.
  case turnedRight
  case transversed
  case turnedLeft

  /// Whether stored rows are displayed as columns.
  var isTurned: Bool { rawValue >= 5 }

  /// Whether the first stored row is displayed last (the last column, if turned), and whether a row's first pixel is.
  fileprivate var reverses: (rows: Bool, pixels: Bool) {
    switch self {
    case .upright, .transposed: (false, false)
    case .mirrored, .turnedLeft: (false, true)
    case .upsideDown, .transversed: (true, true)
    case .flipped, .turnedRight: (true, false)
    }
  }
}

/// Where decoders put stored pixels, so that they need no second copy to be turned: pixel x of row y at
/// `first + x * pixelStep + y * rowStep`, 3 bytes.
struct PixelTarget {
  let first: UnsafeMutablePointer<UInt8>
  let pixelStep: Int
  let rowStep: Int

  /// - Parameter pixels: room for the displayed picture.
  init(_ pixels: UnsafeMutablePointer<UInt8>, _ header: PictureHeader) {
    let (width, height) = header.decoded
    let reverses = header.orientation.reverses
    let steps = header.orientation.isTurned ? (pixel: 3 * height, row: 3) : (pixel: 3, row: 3 * width)
    pixelStep = reverses.pixels ? -steps.pixel : steps.pixel
    rowStep = reverses.rows ? -steps.row : steps.row
    let start = (reverses.pixels ? (width - 1) * steps.pixel : 0) + (reverses.rows ? (height - 1) * steps.row : 0)
    first = pixels + start
  }
}
