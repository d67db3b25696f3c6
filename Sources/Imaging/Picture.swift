/// RGB, 8 bits a channel, rows top to bottom: `pixels[(y * width + x) * 3 + channel]`.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public var pixels: [UInt8]

  /// Black.
  public init(width: Int, height: Int) {
    self.init(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
  }

  /// `pixels` must be width × height × 3 bytes, and both extents at least 1.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "extents and pixels disagree")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The middle `width` × `height` pixels (at most what there is), placed as torchvision's CenterCrop places them.
  public func cropped(width newWidth: Int, height newHeight: Int) -> Picture {
    let (w, h) = (min(max(newWidth, 1), width), min(max(newHeight, 1), height))
    if w == width, h == height { return self }
    let left = Self.half(width - w)
    let top = Self.half(height - h)
    var result = [UInt8]()
    result.reserveCapacity(w * h * 3)
    for y in top..<(top + h) {
      let start = (y * width + left) * 3
      result += pixels[start..<(start + w * 3)]
    }
    return Picture(width: w, height: h, pixels: result)
  }

  /// Half of `n`, ties to even: Python's `round(n / 2)`, which is what CenterCrop uses.
  private static func half(_ n: Int) -> Int {
    let down = n / 2
    return n % 2 == 0 || down % 2 == 0 ? down : down + 1
  }
}
