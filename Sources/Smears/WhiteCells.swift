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
    let green = cells.field.green.bytes
    for index in 0..<size where lobes.numbers[index] != 0 {
      areas[Int(lobes.numbers[index])] += 1
      dyes[Int(lobes.numbers[index])] += Int(Absorbance.table[Int(green[index])] - typical)
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
    var growth = Growth(lobes, numbered: size)
    for _ in 0..<max(Int(diameter * 0.15), 1) {
      growth.step(lobes) { _ in
        true
      } meeting: { a, b in
        let (a, b) = (group(a), group(b))
        groups[max(a, b)] = min(a, b)
      }
    }
    var together = [Int](repeating: 0, count: areas.count)
    for lobe in 1..<max(areas.count, 1) where areas[lobe] >= leastLobe { together[group(lobe)] += dyes[lobe] }
    var number = [Int32](repeating: 0, count: areas.count)
    for lobe in 1..<max(areas.count, 1) where areas[lobe] >= leastLobe && count < 255 {
      let root = group(lobe)
      if Double(together[root]) < 1.3 * cellArea * Double(typical) { continue }
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
    var cell = Growth(lobes, numbered: size)
    let (smooth, blue) = (cells.smooth.bytes, cells.field.blue.bytes)
    let least = cells.threshold / 2
    let (cellGreen, cellBlue) = (cells.colour.green, cells.colour.blue)
    for _ in 0..<max(Int(diameter * 0.4), 1) {
      cell.step(lobes) { index in
        if smooth[index] <= least { return false }
        let isRed = 100 * Int(blue[index]) * cellGreen < 106 * Int(green[index]) * cellBlue
        return !(isRed && smooth[index] > cells.threshold)
      } meeting: { _, _ in
      }
    }
    for index in 0..<size { numbers.bytes[index] = UInt8(truncatingIfNeeded: lobes.numbers[index]) }
    try keepLargestParts(memory)
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

  /// Takes regions into the white cell that they touch and in whose box they lie for the most part: cytoplasm.
  func join(_ labels: Labels, _ shapes: [Shape]) {
    if count == 0 { return }
    let (width, height) = (labels.width, labels.height)
    var boxes = [Shape](repeating: Shape(), count: count + 1)
    var touching = [Int](repeating: 0, count: shapes.count)
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x
        let white = Int(numbers.bytes[index])
        if white == 0 { continue }
        boxes[white].add(from: x, to: x + 1, y: y)
        if x > 0 { touching[Int(labels.numbers[index - 1])] = white }
        if x + 1 < width { touching[Int(labels.numbers[index + 1])] = white }
        if y > 0 { touching[Int(labels.numbers[index - width])] = white }
        if y + 1 < height { touching[Int(labels.numbers[index + width])] = white }
      }
    }
    var isJoined = false
    for number in 1..<max(shapes.count, 1) where touching[number] > 0 {
      let (shape, white) = (shapes[number], boxes[touching[number]])
      let across = min(shape.right, white.right) - max(shape.left, white.left)
      let down = min(shape.bottom, white.bottom) - max(shape.top, white.top)
      let box = (shape.right - shape.left) * (shape.bottom - shape.top)
      if across > 0, down > 0, Double(across * down) > 0.65 * Double(box) {
        isJoined = true
      } else {
        touching[number] = 0
      }
    }
    if !isJoined { return }
    touching[0] = 0
    for index in 0..<(width * height) where touching[Int(labels.numbers[index])] > 0 {
      numbers.bytes[index] = UInt8(touching[Int(labels.numbers[index])])
      labels.numbers[index] = 0
    }
  }
}

/// Regions that grow by one pixel along rows and columns in each step.
private struct Growth {
  private var front: [Int32] = []

  init(_ labels: Labels, numbered size: Int) {
    let (width, height) = (labels.width, labels.height)
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x
        if labels.numbers[index] == 0 { continue }
        if (x > 0 && labels.numbers[index - 1] == 0) || (x + 1 < width && labels.numbers[index + 1] == 0)
          || (y > 0 && labels.numbers[index - width] == 0) || (y + 1 < height && labels.numbers[index + width] == 0)
        {
          front.append(Int32(index))
        }
      }
    }
  }

  mutating func step(_ labels: Labels, where isOpen: (Int) -> Bool, meeting: (Int, Int) -> Void) {
    let (width, height) = (labels.width, labels.height)
    var next: [Int32] = []
    for place in front {
      let index = Int(place)
      let label = labels.numbers[index]
      let (x, y) = (index % width, index / width)
      func visit(_ other: Int) {
        let there = labels.numbers[other]
        if there == 0 {
          if isOpen(other) {
            labels.numbers[other] = label
            next.append(Int32(other))
          }
        } else if there != label {
          meeting(Int(label), Int(there))
        }
      }
      if y > 0 { visit(index - width) }
      if x > 0 { visit(index - 1) }
      if x + 1 < width { visit(index + 1) }
      if y + 1 < height { visit(index + width) }
    }
    front = next
  }
}
