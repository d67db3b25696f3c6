import Imaging

/// Fills the holes of a mask: the pale centres of cells, and what parasites leave free. Gaps between touching cells stay.
///
/// From the middle of a pale centre the cell's outer edge is near in most directions; from the middle of a gap a whole
/// cell lies before it in most. So a hole is filled if at least half of 32 rays leave the mask for good at a quarter to
/// three quarters of a diameter.
func fillHoles(
  of mask: Plane, diameter: Double, limit: Int, numbers: Scratch<Int32>, _ memory: FinderMemory
) throws(ImagingError) {
  let labels = try Labels.regions(of: mask, value: 0, diagonal: false, numbers: numbers, parents: memory.parents)
  let (width, height) = (mask.width, mask.height)
  let shapes = Shape.extents(labels)
  var isHole = [Bool](repeating: false, count: shapes.count)
  for label in 1..<max(shapes.count, 1) {
    isHole[label] = shapes[label].area <= limit && !shapes[label].touchesBorder(width: width, height: height)
  }
  let (near, far) = (Int(0.27 * diameter), Int(0.73 * diameter))
  for label in 1..<max(isHole.count, 1) where isHole[label] {
    let centre = shapes[label].centre
    let (x, y) = (Int(centre.x), Int(centre.y))
    var edges = 0
    for ray in rays {
      // A step is one pixel, in units of 1/1024.
      var (atX, atY) = (x * 1024 + 512, y * 1024 + 512)
      var step = 0
      while step <= far {
        atX += ray.x
        atY += ray.y
        step += 1
        let (column, row) = (atX >> 10, atY >> 10)
        if column < 0 || row < 0 || column >= width || row >= height { break }
        let number = Int(labels.numbers[row * width + column])
        if number != 0, number != label {
          if step >= near { edges += 1 }
          break
        }
      }
    }
    if 2 * edges < rays.count { isHole[label] = false }
  }
  for index in 0..<(width * height) where isHole[Int(labels.numbers[index])] { mask.bytes[index] = 1 }
}

/// 32 directions of length 1024.
private let rays: [(x: Int, y: Int)] = {
  let cosines = [1024, 1004, 946, 851, 724, 569, 392, 200, 0]
  func cosine(_ index: Int) -> Int {
    let index = index & 31
    if index <= 8 { return cosines[index] }
    if index <= 16 { return -cosines[16 - index] }
    if index <= 24 { return -cosines[index - 16] }
    return cosines[32 - index]
  }
  var result: [(x: Int, y: Int)] = []
  for index in 0..<32 { result.append((cosine(index), cosine(index + 24))) }
  return result
}()
