import Imaging

/// Distances within a mask to the nearest pixel outside it, in sixteenths of a pixel, softened a little so that a ridge
/// of pixels' corners has one top. The picture's border is no outside: a cell that it cuts goes on behind it.
///
/// Exact Euclidean distances by two passes over integers (Meijster, Roerdink and Hesselink 2000).
struct Distance {
  static let unit = 16
  static let limit = 4095

  let width: Int
  let height: Int
  let values: UnsafeMutablePointer<UInt16>

  init(to mask: Plane, _ memory: FinderMemory) throws(ImagingError) {
    width = mask.width
    height = mask.height
    let (width, height) = (mask.width, mask.height)
    let far = UInt16(16000)
    let down = try memory.columns.room(width * height)
    let result = try memory.distances.room(width * height)
    self.values = result
    // Along columns: distance to the nearest pixel outside.
    for x in 0..<width { down[x] = mask.bytes[x] == 0 ? 0 : far }
    for y in 1..<max(height, 1) {
      let (line, here, above) = (mask.bytes + y * width, down + y * width, down + (y - 1) * width)
      for x in 0..<width { here[x] = line[x] == 0 ? 0 : min(above[x] &+ 1, far) }
    }
    for y in stride(from: height - 2, through: 0, by: -1) {
      let (here, below) = (down + y * width, down + (y + 1) * width)
      for x in 0..<width { here[x] = min(here[x], below[x] &+ 1) }
    }
    let scratch = try memory.lines.room(2 * width)
    for y in 0..<height {
      let (from, to) = (down + y * width, result + y * width)
      // The pixels outside that bound a run are nearer to its pixels than all that is beyond them.
      var x = 0
      while x < width {
        if from[x] == 0 {
          to[x] = 0
          x += 1
          continue
        }
        let start = max(x - 1, 0)
        while x < width, from[x] != 0 { x += 1 }
        let end = min(x + 1, width)
        Distance.alongRow(from + start, to + start, end - start, scratch)
        x = end
      }
    }
    soften(down)
  }

  /// From distances along columns to distances: the lower envelope of the parabolas (x − i)² + down²(i).
  private static func alongRow(
    _ down: UnsafePointer<UInt16>, _ out: UnsafeMutablePointer<UInt16>, _ width: Int,
    _ scratch: UnsafeMutablePointer<Int32>
  ) {
    let (places, bounds) = (scratch, scratch + width)
    func f(_ x: Int32, _ i: Int32) -> Int32 {
      let d = Int32(down[Int(i)])
      return (x &- i) &* (x &- i) &+ d &* d
    }
    var q = 0
    places[0] = 0
    bounds[0] = 0
    for u in 1..<max(Int32(width), 1) {
      while q >= 0, f(bounds[q], places[q]) > f(bounds[q], u) { q -= 1 }
      if q < 0 {
        q = 0
        places[0] = u
      } else {
        let i = places[q]
        let (du, di) = (Int32(down[Int(u)]), Int32(down[Int(i)]))
        let top = u &* u &- i &* i &+ du &* du &- di &* di
        let bottom = 2 &* (u &- i)
        // Divided towards −∞; top may be negative.
        var w = top / bottom
        if top % bottom < 0 { w -= 1 }
        w += 1
        if w < Int32(width) {
          q += 1
          places[q] = u
          bounds[q] = w
        }
      }
    }
    for x in stride(from: Int32(width) - 1, through: 0, by: -1) {
      let square = f(x, places[q])
      let distance = Int32(Float(square).squareRoot() * Float(Distance.unit))
      out[Int(x)] = UInt16(truncatingIfNeeded: min(distance, Int32(Distance.limit)))
      if x == bounds[q] { q -= 1 }
    }
  }

  /// Replaces the values within the mask by their means with the weights 1 2 1 along rows and columns.
  private func soften(_ spare: UnsafeMutablePointer<UInt16>) {
    for y in 0..<height {
      let above = values + max(y - 1, 0) * width
      let here = values + y * width
      let below = values + min(y + 1, height - 1) * width
      let out = spare + y * width
      for x in 0..<width { out[x] = (above[x] &+ 2 &* here[x] &+ below[x] &+ 2) >> 2 }
    }
    for y in 0..<height {
      let (line, out) = (spare + y * width, values + y * width)
      for x in 0..<width where out[x] != 0 {
        let sum = line[max(x - 1, 0)] &+ 2 &* line[x] &+ line[min(x + 1, width - 1)]
        out[x] = max((sum &+ 2) >> 2, 1)
      }
    }
  }
}
