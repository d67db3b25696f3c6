import Text

/// An RGB picture with 8 bits per channel, rows from top to bottom: `pixels[(y * width + x) * 3 + channel]`.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public var pixels: [UInt8]

  /// A black picture.
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

  /// The central `width` × `height` pixels (at most the whole picture), positioned like torchvision's CenterCrop.
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

  /// Extends the picture to at least `width` × `height` pixels, equally on both sides, by reflection at the border's
  /// pixel centres (as fastai pads before it crops).
  public func extended(width newWidth: Int, height newHeight: Int) -> Picture {
    let (left, top) = (max(newWidth - width + 1, 0) / 2, max(newHeight - height + 1, 0) / 2)
    if left == 0, top == 0 { return self }
    let (w, h) = (width + 2 * left, height + 2 * top)
    var result = [UInt8]()
    result.reserveCapacity(w * h * 3)
    for y in 0..<h {
      let row = Self.mirrored(y - top, height) * width
      for x in 0..<w {
        let start = (row + Self.mirrored(x - left, width)) * 3
        result += pixels[start..<(start + 3)]
      }
    }
    return Picture(width: w, height: h, pixels: result)
  }

  private static func mirrored(_ index: Int, _ count: Int) -> Int {
    if count == 1 { return 0 }
    let period = 2 * (count - 1)
    let folded = (index % period + period) % period
    return min(folded, period - folded)
  }

  /// Half of `n`, ties to even: Python's `round(n / 2)`, as used by CenterCrop.
  private static func half(_ n: Int) -> Int {
    let down = n / 2
    return n % 2 == 0 || down % 2 == 0 ? down : down + 1
  }
}
