/// Adds to a mask of zeros and ones all pixels whose column and row are within `reach` of one of its ones.
///
/// - Parameter spare: as large as the mask.
func widen(_ mask: Plane, by reach: Int, spare: UnsafeMutablePointer<UInt8>) {
  let (width, height) = (mask.width, mask.height)
  for y in 0..<height {
    let (line, out) = (mask.bytes + y * width, spare + y * width)
    for x in 0..<width { out[x] = line[x] }
    for step in 1...max(reach, 1) where step < width && step <= reach {
      for x in step..<width { out[x] |= line[x - step] }
      for x in 0..<(width - step) { out[x] |= line[x + step] }
    }
  }
  for y in 0..<height {
    let out = mask.bytes + y * width
    for x in 0..<width { out[x] = 0 }
    for row in max(y - reach, 0)...min(y + reach, height - 1) {
      let line = spare + row * width
      for x in 0..<width { out[x] |= line[x] }
    }
  }
}
