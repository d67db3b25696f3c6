import Imaging

/// Numbers of connected regions: 0 outside them, 1 and up within, in the order of their first pixels.
struct Labels {
  let width: Int
  let height: Int
  let numbers: UnsafeMutablePointer<Int32>
  /// The largest number.
  var count = 0

  /// Numbers the regions of pixels that are `value` in `mask`, joined along rows and columns, and with `diagonal` across
  /// corners too.
  static func regions(
    of mask: Plane, value: UInt8, diagonal: Bool, numbers: Scratch<Int32>, parents: Scratch<Int32>
  ) throws(ImagingError) -> Labels {
    let (width, height) = (mask.width, mask.height)
    let labels = try numbers.room(width * height)
    // Runs of pixels along rows: where each starts and ends, and a run of the same region before it.
    let most = (width + 1) / 2 * height + 1
    let starts = try parents.room(3 * most + height)
    let (ends, parent) = (starts + most, starts + 2 * most)
    // The number of runs up to the end of each row.
    let totals = starts + 3 * most
    func root(_ run: Int) -> Int {
      var run = run
      while Int(parent[run]) != run {
        parent[run] = parent[Int(parent[run])]
        run = Int(parent[run])
      }
      return run
    }
    let reach: Int32 = diagonal ? 1 : 0
    // Runs of the row above, and of this row.
    var (above, here, count) = (0, 0, 0)
    for y in 0..<height {
      (above, here) = (here, count)
      var other = above
      let line = mask.bytes + y * width
      var x = 0
      while x < width {
        if line[x] != value {
          x += 1
          continue
        }
        let from = Int32(truncatingIfNeeded: x)
        while x < width, line[x] == value { x += 1 }
        let to = Int32(truncatingIfNeeded: x)
        starts[count] = from
        ends[count] = to
        parent[count] = Int32(truncatingIfNeeded: count)
        while other < here, ends[other] &+ reach <= from { other += 1 }
        var next = other
        while next < here, starts[next] < to &+ reach {
          let (a, b) = (root(next), root(count))
          parent[max(a, b)] = Int32(truncatingIfNeeded: min(a, b))
          next += 1
        }
        count += 1
      }
      totals[y] = Int32(truncatingIfNeeded: count)
    }
    // A root is the first run of its region, so that final numbers are in the order of first pixels. They replace the
    // parents, which come before their runs.
    var final: Int32 = 0
    for run in 0..<count {
      let root = Int(parent[run])
      if root == run {
        final += 1
        parent[run] = final
      } else {
        parent[run] = parent[root]
      }
    }
    var run = 0
    for y in 0..<height {
      let line = labels + y * width
      line.update(repeating: 0, count: width)
      while run < Int(totals[y]) {
        (line + Int(starts[run])).update(repeating: parent[run], count: Int(ends[run] &- starts[run]))
        run += 1
      }
    }
    return Labels(width: width, height: height, numbers: labels, count: Int(final))
  }

  /// Calls `body` for each run of one region's pixels along a row, `from..<to` of row `y`, in the order of pixels.
  func forEachRun(_ body: (_ label: Int, _ from: Int, _ to: Int, _ y: Int) -> Void) {
    for y in 0..<height {
      let line = numbers + y * width
      var x = 0
      while x < width {
        let label = line[x]
        let from = x
        x += 1
        while x < width, line[x] == label { x += 1 }
        if label != 0 { body(Int(label), from, x, y) }
      }
    }
  }
}
