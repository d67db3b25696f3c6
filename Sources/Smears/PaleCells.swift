import Imaging

/// Cells that are too pale for the mask: lysed ones, and those of which only a thin rim is stained.
///
/// What is stained a little, and lies apart from all other cells, is a cell if it has a cell's size and shape.
struct PaleCells {
  /// Area of a typical red cell in pixels.
  let cellArea: Double

  /// Gives numbers to pale cells: they are appended to `shapes` and written to `labels` and to the mask. Fragments that a
  /// pale cell contains become part of it.
  func add(
    to labels: Labels, _ shapes: inout [Shape], whites: Plane, _ cells: CellMask, _ memory: FinderMemory
  ) throws(ImagingError) {
    let (width, height, mask) = (cells.width, cells.height, cells.mask)
    let count = width * height
    let rooms = try memory.pale.room(2 * count)
    let taken = Plane(width: width, height: height, bytes: rooms)
    let pale = Plane(width: width, height: height, bytes: rooms + count)
    var isFragment = [Bool](repeating: true, count: shapes.count)
    for number in 1..<max(shapes.count, 1) {
      isFragment[number] =
        Double(shapes[number].area) < 0.5 * cellArea && !shapes[number].touchesBorder(width: width, height: height)
    }
    for index in 0..<count {
      taken.bytes[index] = isFragment[Int(labels.numbers[index])] && whites.bytes[index] == 0 ? 0 : 1
    }
    // The blurred edge of a stained cell is pale too: nothing counts within 2 pixels of one.
    widen(taken, by: 2, spare: pale.bytes)
    let least = UInt8(truncatingIfNeeded: cells.threshold * 45 / 100)
    var sum = 0
    for index in 0..<count {
      let isPale: UInt8 = cells.smooth.bytes[index] > least ? 1 : 0
      pale.bytes[index] = isPale & ~taken.bytes[index]
      sum &+= Int(pale.bytes[index])
    }
    if Double(sum) < 0.1 * cellArea { return }
    let diameter = 2 * (cellArea / Double.pi).squareRoot()
    try fillHoles(
      of: pale, diameter: diameter, limit: Int(0.5 * diameter * diameter), numbers: memory.others, memory)
    let regions = try Labels.regions(
      of: pale, value: 1, diagonal: false, numbers: memory.others, parents: memory.parents)
    let found = Shape.all(regions)
    var numbers = [Int32](repeating: 0, count: found.count)
    for region in 1..<max(found.count, 1) where isCell(found[region], width, height) {
      numbers[region] = Int32(shapes.count)
      shapes.append(found[region])
    }
    for index in 0..<count where numbers[Int(regions.numbers[index])] != 0 {
      labels.numbers[index] = numbers[Int(regions.numbers[index])]
      mask.bytes[index] = 1
    }
  }

  private func isCell(_ shape: Shape, _ width: Int, _ height: Int) -> Bool {
    let size = Double(shape.area) / cellArea
    if size < 0.45 || size > 1.6 || shape.touchesBorder(width: width, height: height) { return false }
    return shape.solidity > 0.85 && shape.ellipticity > 0.93
  }
}
