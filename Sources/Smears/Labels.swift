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
    // No more provisional numbers than runs of pixels.
    let parent = try parents.room(width * height / 2 + height + 2)
    var next: Int32 = 1
    func root(_ label: Int32) -> Int32 {
      var label = label
      while parent[Int(label)] != label {
        parent[Int(label)] = parent[Int(parent[Int(label)])]
        label = parent[Int(label)]
      }
      return label
    }
    func join(_ a: Int32, _ b: Int32) {
      let (a, b) = (root(a), root(b))
      if a < b { parent[Int(b)] = a } else { parent[Int(a)] = b }
    }
    for y in 0..<height {
      let line = mask.bytes + y * width
      let here = labels + y * width
      let above = here - width
      var left: Int32 = 0
      for x in 0..<width {
        if line[x] != value {
          here[x] = 0
          left = 0
          continue
        }
        var label = left
        if y > 0 {
          if above[x] != 0 {
            if label == 0 { label = above[x] } else if label != above[x] { join(label, above[x]) }
          } else if diagonal {
            if x > 0, above[x - 1] != 0 {
              if label == 0 { label = above[x - 1] } else if label != above[x - 1] { join(label, above[x - 1]) }
            }
            if x + 1 < width, above[x + 1] != 0 {
              if label == 0 { label = above[x + 1] } else if label != above[x + 1] { join(label, above[x + 1]) }
            }
          }
        }
        if label == 0 {
          label = next
          parent[Int(label)] = label
          next += 1
        }
        here[x] = label
        left = label
      }
    }
    // A root is the smallest number of its region, so that final numbers are in the order of first pixels.
    var final: Int32 = 0
    parent[0] = 0
    for label in 1..<max(next, 1) {
      if parent[Int(label)] == label {
        final += 1
        parent[Int(label)] = -final
      } else {
        parent[Int(label)] = parent[Int(parent[Int(label)])]
      }
    }
    for label in 1..<max(next, 1) where parent[Int(label)] < 0 { parent[Int(label)] = -parent[Int(label)] }
    for index in 0..<(width * height) { labels[index] = parent[Int(labels[index])] }
    return Labels(width: width, height: height, numbers: labels, count: Int(final))
  }
}
