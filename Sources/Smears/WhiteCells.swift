import Imaging

/// White cells, found by their nuclei: lobes that lie near each other and together hold far more dye than a parasite.
/// A cell is its nucleus and what is around it that is not of a red cell's colour.
struct WhiteCells {
  /// The number of each pixel's white cell, from 1; 0 outside them.
  let numbers: Plane
  private(set) var count = 0

  init(_ cells: CellMask, diameter: Double, _ memory: FinderMemory) throws(ImagingError) {
    let (width, height, size) = (cells.width, cells.height, cells.mask.count)
    numbers = Plane(width: width, height: height, bytes: try memory.whites.room(size))
    for index in 0..<size { numbers.bytes[index] = 0 }
    let lobes = try Labels.regions(
      of: cells.nuclei, value: 1, diagonal: true, numbers: memory.numbers, parents: memory.parents)
    // Dye in a lobe: absorbance of green beyond that of a red cell, summed over its pixels, in red cells' areas.
    let typical = max(Absorbance.table[cells.colour.green], 1)
    let cellArea = diameter * diameter * Double.pi / 4
    var areas = [Int](repeating: 0, count: lobes.count + 1)
    var dyes = areas
    // Sums of what a lobe's pixels let through, and how many of its pixels are at the picture's border, which cuts it.
    var (greens, blues, cuts) = (areas, areas, areas)
    let (green, blue) = (cells.field.green.bytes, cells.field.blue.bytes)
    for index in 0..<size where lobes.numbers[index] != 0 {
      let lobe = Int(lobes.numbers[index])
      areas[lobe] += 1
      dyes[lobe] += Int(Absorbance.table[Int(green[index])] - typical)
      greens[lobe] += Int(green[index])
      blues[lobe] += Int(blue[index])
      let (x, y) = (index % width, index / width)
      if x == 0 || y == 0 || x == width - 1 || y == height - 1 { cuts[lobe] += 1 }
    }
    let leastLobe = max(Int(0.03 * cellArea), 4)
    var largest = 0
    for lobe in 1..<max(areas.count, 1) { largest = max(largest, areas[lobe]) }
    if largest < leastLobe { return }

    // Lobes are joined where they meet, growing by 0.15 of a diameter each.
    var groups = [Int](0..<areas.count)
    func group(_ lobe: Int) -> Int {
      var lobe = lobe
      while groups[lobe] != lobe { lobe = groups[lobe] }
      return lobe
    }
    for index in 0..<size where lobes.numbers[index] != 0 && areas[Int(lobes.numbers[index])] < leastLobe {
      lobes.numbers[index] = 0
    }
    var growth = Growth(lobes)
    for _ in 0..<max(Int(diameter * 0.15), 1) {
      growth.step(lobes) { _ in
        true
      } meeting: { a, b in
        let (a, b) = (group(a), group(b))
        groups[max(a, b)] = min(a, b)
      }
    }
    for lobe in 1..<max(areas.count, 1) where areas[lobe] >= leastLobe && group(lobe) != lobe {
      let root = group(lobe)
      dyes[root] += dyes[lobe]
      greens[root] += greens[lobe]
      blues[root] += blues[lobe]
      cuts[root] += cuts[lobe]
    }
    /// Parasites of a red cell hold little dye, and haemoglobin below them makes them less blue than nuclei of white cells.
    func isWhiteCell(_ root: Int) -> Bool {
      let dye = Double(dyes[root]) / (cellArea * Double(typical))
      let blueness = Double(blues[root] * cells.colour.green) / Double(max(greens[root] * cells.colour.blue, 1))
      // Of a cell that the border cuts little may be seen, but then in a length that platelets do not have.
      if cuts[root] > 0 {
        return dye > (blueness > 1.4 ? 0.4 : 1.3) || blueness > 1.4 && Double(cuts[root]) > 0.3 * diameter
      }
      return blueness > 1.6 ? dye > 0.8 : dye > 1.6 && blueness > 1.4
    }
    var number = [Int32](repeating: 0, count: areas.count)
    for lobe in 1..<max(areas.count, 1) where areas[lobe] >= leastLobe && count < 255 {
      let root = group(lobe)
      if !isWhiteCell(root) { continue }
      if number[root] == 0 {
        count += 1
        number[root] = Int32(count)
      }
      number[lobe] = number[root]
    }
    if count == 0 { return }

    // From the nuclei to the cells.
    for index in 0..<size {
      let lobe = Int(lobes.numbers[index])
      if lobe == 0 { continue }
      lobes.numbers[index] = cells.nuclei.bytes[index] != 0 ? number[lobe] : 0
    }
    growCytoplasm(lobes, cells, steps: max(Int(diameter * 0.45), 1))
    for index in 0..<size { numbers.bytes[index] = UInt8(truncatingIfNeeded: lobes.numbers[index]) }
    try keepLargestParts(memory)
  }

  /// Cytoplasm is what is stained, but paler than red cells or not of their colour.
  private func growCytoplasm(_ lobes: Labels, _ cells: CellMask, steps: Int) {
    var growth = Growth(lobes)
    let (smooth, green, blue) = (cells.smooth.bytes, cells.field.green.bytes, cells.field.blue.bytes)
    let (cellGreen, cellBlue) = (cells.colour.green, cells.colour.blue)
    for _ in 0..<steps {
      growth.step(lobes) { index in
        if smooth[index] <= 14 { return false }
        let isRed = 100 * Int(blue[index]) * cellGreen < 106 * Int(green[index]) * cellBlue
        return !(isRed && smooth[index] > 50)
      } meeting: { _, _ in
      }
    }
  }

  /// Leaves the largest connected part of each cell, so that it has one outline.
  private func keepLargestParts(_ memory: FinderMemory) throws(ImagingError) {
    for number in 1...max(count, 1) where number <= count {
      let parts = try Labels.regions(
        of: numbers, value: UInt8(number), diagonal: false, numbers: memory.others, parents: memory.parents)
      if parts.count < 2 { continue }
      var areas = [Int](repeating: 0, count: parts.count + 1)
      for index in 0..<numbers.count { areas[Int(parts.numbers[index])] += 1 }
      var largest = 1
      for part in 2...parts.count where areas[part] > areas[largest] { largest = part }
      for index in 0..<numbers.count where parts.numbers[index] != 0 && Int(parts.numbers[index]) != largest {
        numbers.bytes[index] = 0
      }
    }
  }
}
