import Imaging

/// The picture at the scale at which cells are found: three planes whose pixels are means of `factor` × `factor` pixels
/// of the picture. Columns and rows that do not fill a pixel are left out.
struct ReducedField {
  /// The value of the background once the light is divided out.
  static let light = 192

  let factor: Int
  let red: Plane
  let green: Plane
  let blue: Plane

  var width: Int { red.width }
  var height: Int { red.height }

  init(
    _ picture: Picture, factor: Int, planes: Scratch<UInt8>, sums: Scratch<UInt32>
  ) throws(ImagingError) {
    self.factor = factor
    let (width, height) = (picture.width / factor, picture.height / factor)
    let count = width * height
    let memory = try planes.room(3 * count)
    red = Plane(width: width, height: height, bytes: memory)
    green = Plane(width: width, height: height, bytes: memory + count)
    blue = Plane(width: width, height: height, bytes: memory + 2 * count)
    let row = try sums.room(3 * width)
    let stride = picture.width * 3
    // Sums of at most 255 · factor², multiplied by 2²⁴ / factor² and rounded.
    let area = UInt64(factor * factor)
    let reciprocal = ((1 << 24) + area / 2) / area
    picture.pixels.withUnsafeBufferPointer { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for y in 0..<height {
        for index in 0..<(3 * width) { row[index] = 0 }
        for inner in 0..<factor {
          var source = pixels + (y * factor + inner) * stride
          for x in 0..<width {
            var (r, g, b) = (UInt32(0), UInt32(0), UInt32(0))
            for _ in 0..<factor {
              r &+= UInt32(source[0])
              g &+= UInt32(source[1])
              b &+= UInt32(source[2])
              source += 3
            }
            row[x] &+= r
            row[width + x] &+= g
            row[2 * width + x] &+= b
          }
        }
        for x in 0..<width {
          let at = y * width + x
          red.bytes[at] = UInt8(truncatingIfNeeded: (UInt64(row[x]) &* reciprocal &+ (1 << 23)) >> 24)
          green.bytes[at] = UInt8(truncatingIfNeeded: (UInt64(row[width + x]) &* reciprocal &+ (1 << 23)) >> 24)
          blue.bytes[at] = UInt8(truncatingIfNeeded: (UInt64(row[2 * width + x]) &* reciprocal &+ (1 << 23)) >> 24)
        }
      }
    }
  }
}
