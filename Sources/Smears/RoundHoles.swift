import Imaging

/// Fills the holes of a mask that look like the pale centres of cells whose size is not yet known: smaller than the
/// region around them and convex. Between cells that touch, holes have hollow sides.
func fillRoundHoles(of mask: Plane, _ memory: FinderMemory) throws(ImagingError) {
  let regions = try Labels.regions(of: mask, value: 1, diagonal: true, numbers: memory.others, parents: memory.parents)
  let around = Shape.all(regions)
  let holes = try Labels.regions(of: mask, value: 0, diagonal: false, numbers: memory.numbers, parents: memory.parents)
  let shapes = Shape.all(holes)
  var isFilled = [Bool](repeating: false, count: shapes.count)
  // The pixel to the left of a hole's first one belongs to the region around it.
  var isSeen = isFilled
  for index in 0..<mask.count {
    let number = Int(holes.numbers[index])
    if number == 0 || isSeen[number] { continue }
    isSeen[number] = true
    let shape = shapes[number]
    if shape.touchesBorder(width: mask.width, height: mask.height) { continue }
    let region = around[Int(regions.numbers[index - 1])]
    // A gap is small beside a large clump, but a clump is not convex.
    let isSmall = shape.area * 32 < region.area && region.solidity > 0.85
    isFilled[number] = isSmall || (shape.area < region.area && shape.solidity > 0.85)
  }
  for index in 0..<mask.count where isFilled[Int(holes.numbers[index])] { mask.bytes[index] = 1 }
}
