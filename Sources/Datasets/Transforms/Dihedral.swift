import Imaging

/// Mirrors and quarter turns: one of the eight orientations, equally likely (one of four if the picture is not square).
public struct Dihedral: PictureTransform {
  public init() {}

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    let picture = change.picture
    change.picture = picture.oriented(random.index(below: 8) & (picture.width == picture.height ? 7 : 3))
  }
}

extension Picture {
  /// Bit 0: swap left and right; bit 1: swap top and bottom; bit 2: transpose (square pictures only).
  func oriented(_ way: Int) -> Picture {
    if way == 0 { return self }
    var result = self
    let (w, h) = (width, height)
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        var out = 0
        for y in 0..<h {
          for x in 0..<w {
            var (sx, sy) = way & 4 != 0 ? (y, x) : (x, y)
            if way & 1 != 0 { sx = w - 1 - sx }
            if way & 2 != 0 { sy = h - 1 - sy }
            let at = (sy * w + sx) * 3
            target[out] = source[at]
            target[out + 1] = source[at + 1]
            target[out + 2] = source[at + 2]
            out += 3
          }
        }
      }
    }
    return result
  }
}
