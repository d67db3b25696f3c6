/// Adds to a mask of zeros and ones all pixels whose column and row are within `reach` of one of its ones.
///
/// - Parameter spare: as large as the mask.
func widen(_ mask: Plane, by reach: Int, spare: UnsafeMutablePointer<UInt8>) {
  let (width, height) = (mask.width, mask.height)
  for y in 0..<height {
    let (line, out) = (mask.bytes + y * width, spare + y * width)
    out.update(from: line, count: width)
    for step in 1...max(reach, 1) where step < width && step <= reach {
      join(out + step, line, width - step)
      join(out, line + step, width - step)
    }
  }
  for y in 0..<height {
    let out = mask.bytes + y * width
    let first = max(y - reach, 0)
    out.update(from: spare + first * width, count: width)
    for row in (first + 1)..<max(min(y + reach, height - 1) + 1, first + 1) { join(out, spare + row * width, width) }
  }
}

/// Adds the ones of `line` to those of `out`, eight at a time.
private func join(_ out: UnsafeMutablePointer<UInt8>, _ line: UnsafePointer<UInt8>, _ count: Int) {
  let (target, source) = (UnsafeMutableRawPointer(out), UnsafeRawPointer(line))
  var at = 0
  while at &+ 8 <= count {
    let both =
      target.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      | source.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    target.storeBytes(of: both, toByteOffset: at, as: UInt64.self)
    at &+= 8
  }
  while at < count {
    out[at] |= line[at]
    at &+= 1
  }
}
