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
    let line = 3 * picture.width
    let row = try sums.room(line)
    // Sums of at most 255 · factor², multiplied by 2²⁴ / factor² and rounded.
    let area = UInt64(factor * factor)
    let reciprocal = ((1 << 24) + area / 2) / area
    func mean(_ sum: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: (UInt64(sum) &* reciprocal &+ (1 << 23)) >> 24) }
    picture.pixels.withUnsafeBufferPointer { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for y in 0..<height {
        let first = pixels + y * factor * line
        for index in 0..<line { row[index] = UInt32(first[index]) }
        for inner in 1..<max(factor, 1) {
          let next = first + inner * line
          for index in 0..<line { row[index] &+= UInt32(next[index]) }
        }
        var source = row
        for at in (y * width)..<((y + 1) * width) {
          var (r, g, b) = (UInt32(0), UInt32(0), UInt32(0))
          for _ in 0..<factor {
            r &+= source[0]
            g &+= source[1]
            b &+= source[2]
            source += 3
          }
          red.bytes[at] = mean(r)
          green.bytes[at] = mean(g)
          blue.bytes[at] = mean(b)
        }
      }
    }
  }
}
