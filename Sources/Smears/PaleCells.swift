import Imaging

/// Cells that are too pale for the mask: lysed ones, and those of which only a thin rim is stained.
///
/// What is stained a little, and lies apart from all other cells, is a cell if it has a cell's size and shape, or if it is
/// an open rim around what has.
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
    let least = UInt8(truncatingIfNeeded: cells.threshold / 2)
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
    var found = Shape.all(regions)
    var isChosen = found.map { isCell($0, width, height) }
    let open = Plane(width: width, height: height, bytes: rooms)
    for index in 0..<count {
      open.bytes[index] = isFragment[Int(labels.numbers[index])] && whites.bytes[index] == 0 ? 1 : 0
    }
    var isFilled = false
    for region in 1..<max(found.count, 1) where !isChosen[region] && fillRim(found[region], region, regions, open) {
      isChosen[region] = true
      isFilled = true
    }
    if isFilled { found = Shape.all(regions) }
    var numbers = [Int32](repeating: 0, count: found.count)
    for region in 1..<max(found.count, 1) where isChosen[region] && found[region].area > 0 {
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

  /// A rim that is open, because a neighbour lies over it or the pale centre reaches the background, is no round region,
  /// but its hull is. Fills the hull of such a region in `regions`, except where other cells are.
  ///
  /// - Parameter open: 1 where no other cell is.
  private func fillRim(_ shape: Shape, _ region: Int, _ regions: Labels, _ open: Plane) -> Bool {
    let size = Double(shape.area) / cellArea
    if size < 0.25 || size > 1.6 || shape.touchesBorder(width: open.width, height: open.height) { return false }
    if shape.solidity < 0.65 { return false }
    let hull = ContourShape(shape.hull.map { Contour.Vertex(x: 2 * $0.x, y: 2 * $0.y, isCut: false) })
    let whole = hull.area / 4 / cellArea
    if whole < 0.75 || whole > 1.4 || hull.ellipticity < 0.97 { return false }
    let outline = CellOutline(points: shape.hull.map { CellOutline.Point(x: Float($0.x), y: Float($0.y)) })
    var inside: [Int32] = []
    var all = 0
    outline.forEachSpan(rows: shape.top..<shape.bottom, columns: 0..<open.width) { y, span in
      all += span.count
      for x in span where open.bytes[y * open.width + x] != 0 { inside.append(Int32(y * open.width + x)) }
    }
    if Double(inside.count) < 0.7 * Double(all) { return false }
    for index in inside { regions.numbers[Int(index)] = Int32(region) }
    return true
  }
}
