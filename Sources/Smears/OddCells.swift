import Imaging

/// Cells in clumps whose neighbours look different, as large parasites make their cells do: coloured by dye all over, or
/// far paler. No gap need part them from the others, since their colour ends at their edge.
///
/// A region of such colour is a cell if it has a cell's size and shape and touches others.
struct OddCells {
  /// The number of each pixel's cell, from 1; 0 outside them.
  let numbers: Plane
  private(set) var shapes: [Shape] = []
  /// Area of a typical red cell in pixels, and its diameter.
  private let cellArea: Double
  private let diameter: Double
  private let cells: CellMask

  /// Takes the cells that it finds out of the mask.
  init(_ cells: CellMask, whites: Plane, diameter: Double, _ memory: FinderMemory) throws(ImagingError) {
    self.cells = cells
    self.diameter = diameter
    cellArea = diameter * diameter * Double.pi / 4
    let count = cells.mask.count
    numbers = Plane(width: cells.width, height: cells.height, bytes: try memory.odd.room(count))
    for index in 0..<count { numbers.bytes[index] = 0 }
    let rooms = try memory.pale.room(2 * count)
    let plane = Plane(width: cells.width, height: cells.height, bytes: rooms)
    let (smooth, mask) = (cells.smooth.bytes, cells.mask.bytes)
    // Parasites that fill their cell colour it in patches, so the gaps between patches are closed first.
    var sum = 0
    for index in 0..<count {
      plane.bytes[index] = whites.bytes[index] == 0 ? cells.nuclei.bytes[index] : 0
      sum &+= Int(plane.bytes[index])
    }
    if isEnough(sum) {
      for _ in 0..<2 {
        widen(plane, by: 4, spare: rooms + count)
        _ = invert(plane)
      }
      try take(plane, eroded: 0, memory)
    }
    let background = UInt8(truncatingIfNeeded: cells.threshold * 45 / 100)
    let most = UInt8(Contrast.typical * 3 / 4)
    for index in 0..<count {
      let isPale = smooth[index] < most && smooth[index] > background && numbers.bytes[index] | whites.bytes[index] == 0
      plane.bytes[index] = isPale ? 0 : 1
    }
    // Edges of cells are pale too, but thin.
    widen(plane, by: 3, spare: rooms + count)
    if isEnough(invert(plane)) { try take(plane, eroded: 3, memory) }
    if shapes.isEmpty { return }
    for index in 0..<count where numbers.bytes[index] != 0 { mask[index] = 0 }
  }

  /// Whether so many pixels can be a cell.
  private func isEnough(_ sum: Int) -> Bool { Double(sum) > 0.3 * cellArea }

  /// Turns ones and zeros around, and returns the number of ones.
  private func invert(_ plane: Plane) -> Int {
    var sum = 0
    for index in 0..<plane.count {
      plane.bytes[index] ^= 1
      sum &+= Int(plane.bytes[index])
    }
    return sum
  }

  /// Takes the regions of ones that are cells.
  ///
  /// - Parameter eroded: by how many pixels the regions are smaller than the cells.
  private mutating func take(_ plane: Plane, eroded: Int, _ memory: FinderMemory) throws(ImagingError) {
    let (width, height) = (plane.width, plane.height)
    let regions = try Labels.regions(
      of: plane, value: 1, diagonal: false, numbers: memory.numbers, parents: memory.parents)
    let extents = Shape.extents(regions)
    let most = Int(1.7 * diameter)
    var chosen = [Int](repeating: 0, count: extents.count)
    var found = 0
    for region in 1..<max(extents.count, 1) {
      let shape = extents[region]
      let (across, down) = (shape.right - shape.left, shape.bottom - shape.top)
      if across > most || down > most || Double(across * down) < 0.4 * cellArea { continue }
      if shape.touchesBorder(width: width, height: height) || shapes.count + found >= 255 { continue }
      guard
        let first = (shape.left..<shape.right).first(where: {
          regions.numbers[shape.top * width + $0] == Int32(region)
        })
      else { continue }
      let contour = Contour(regions, Int32(region), first: shape.top * width + first)
      if !isCell(contour, eroded) || !touches(contour, shape.centre, 3 + eroded) { continue }
      found += 1
      chosen[region] = found
    }
    if found == 0 { return }
    // The regions of chosen cells, their holes filled row by row, since they are nearly convex.
    for y in 0..<height {
      let line = regions.numbers + y * width
      for x in 0..<width { line[x] = Int32(chosen[Int(line[x])]) }
    }
    for region in 1..<extents.count where chosen[region] > 0 {
      let (shape, number) = (extents[region], Int32(chosen[region]))
      for y in shape.top..<shape.bottom {
        let line = regions.numbers + y * width
        var (from, to) = (shape.left, shape.right - 1)
        while from < to, line[from] != number { from += 1 }
        while to > from, line[to] != number { to -= 1 }
        if line[from] != number { continue }
        for x in from...to where line[x] == 0 { line[x] = number }
      }
    }
    let all = Labels(width: width, height: height, numbers: regions.numbers, count: found)
    var growth = Growth(all)
    let (mask, smooth) = (cells.mask.bytes, cells.smooth.bytes)
    let edge = UInt8(Contrast.typical * 4 / 5)
    for step in 0..<(eroded + 3) {
      growth.step(all) { index in
        mask[index] != 0 && numbers.bytes[index] == 0 && (step <= eroded || smooth[index] < edge)
      } meeting: { _, _ in
      }
    }
    let before = shapes.count
    for index in 0..<(width * height) where all.numbers[index] != 0 {
      numbers.bytes[index] = UInt8(truncatingIfNeeded: before + Int(all.numbers[index]))
    }
    shapes.append(contentsOf: Shape.all(all).dropFirst())
  }

  private func isCell(_ contour: Contour, _ eroded: Int) -> Bool {
    let shape = ContourShape(contour.vertices)
    // In typical cells.
    let size = shape.area / 4 / cellArea
    let side = size.squareRoot() + 2 * Double(eroded) / diameter
    let whole = side * side
    return whole > 0.6 && whole < 1.9 && shape.solidity > 0.86 && shape.ellipticity > 0.92
  }

  /// Whether a good part of the contour faces other stained pixels, `reach` pixels outwards.
  private func touches(_ contour: Contour, _ centre: (x: Double, y: Double), _ reach: Int) -> Bool {
    var facing = 0
    for vertex in contour.vertices {
      let (dx, dy) = (Double(vertex.x) / 2 - centre.x, Double(vertex.y) / 2 - centre.y)
      let length = (dx * dx + dy * dy).squareRoot()
      if length < 1 { continue }
      let far = (length + Double(reach)) / length
      let (x, y) = (Int(centre.x + dx * far), Int(centre.y + dy * far))
      if x < 0 || y < 0 || x >= cells.width || y >= cells.height { continue }
      facing += Int(cells.mask.bytes[y * cells.width + x])
    }
    return facing * 5 > contour.vertices.count
  }
}
