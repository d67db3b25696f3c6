import Imaging

/// Parts clumps of cells that are pressed together, so that only thin light seams show where one cell ends.
///
/// Between two cells that touch, light passes through the rims of both: a line of lower contrast, a few pixels wide. A
/// clump without its seams is parted as the whole mask was, by `Distance`, `Watershed` and `Parting`. It is replaced by
/// its parts if much of its area is in parts that look like cells.
struct Seams {
  let parting: Parting
  /// Of a typical cell in pixels.
  let diameter: Double

  /// Replaces clumps by their parts, which are appended to `shapes` and written to `labels`; the clumps' shapes are
  /// emptied.
  func part(
    _ labels: Labels, _ shapes: inout [Shape], _ smooth: Plane, _ memory: FinderMemory
  ) throws(ImagingError) {
    var isClump = shapes.map { Double($0.area) > 2.2 * parting.cellArea }
    if !isClump.contains(true) { return }
    let (width, height, count) = (smooth.width, smooth.height, smooth.count)
    let open = Plane(width: width, height: height, bytes: try memory.pale.room(count))
    for index in 0..<count { open.bytes[index] = isClump[Int(labels.numbers[index])] ? 1 : 0 }
    carve(open, smooth)
    let watershed = try Watershed(
      Distance(to: open, memory), depth: Int(0.02 * diameter * Double(Distance.unit)), numbers: memory.others,
      order: memory.parents, pieces: memory.pieces)
    let (owner, found) = parting.cells(watershed, Shape.all(watershed.labels))
    let parts = Labels(width: width, height: height, numbers: watershed.labels.numbers, count: found.count - 1)
    var clump = [Int](repeating: 0, count: found.count)
    for index in 0..<count where parts.numbers[index] != 0 {
      let part = owner[Int(parts.numbers[index])]
      parts.numbers[index] = Int32(part)
      clump[part] = Int(labels.numbers[index])
    }
    var worths = [Double](repeating: 0, count: shapes.count)
    for part in 1..<max(found.count, 1) {
      worths[clump[part]] += Double(found[part].area) * parting.quality(found[part])
    }
    for number in 1..<max(shapes.count, 1) where isClump[number] {
      isClump[number] = worths[number] > 0.4 * Double(shapes[number].area)
    }
    if !isClump.contains(true) { return }
    let least = Int(0.1 * parting.cellArea)
    for index in 0..<count where parts.numbers[index] != 0 {
      let part = Int(parts.numbers[index])
      if !isClump[clump[part]] || found[part].area < least { parts.numbers[index] = 0 }
    }
    // The seams' pixels go to the parts beside them.
    var growth = Growth(parts)
    for _ in 0..<max(Int(0.1 * diameter), 1) {
      growth.step(parts) { index in
        isClump[Int(labels.numbers[index])]
      } meeting: { _, _ in
      }
    }
    let before = Int32(shapes.count - 1)
    for index in 0..<count where isClump[Int(labels.numbers[index])] {
      let part = parts.numbers[index]
      labels.numbers[index] = part == 0 ? 0 : before + part
    }
    for number in 1..<max(shapes.count, 1) where isClump[number] { shapes[number] = Shape() }
    shapes.append(contentsOf: Shape.all(parts).dropFirst())
  }

  /// Takes the pixels of seams out of a mask: those with far lower contrast than the pixels on both sides of them.
  private func carve(_ open: Plane, _ smooth: Plane) {
    let (width, height) = (open.width, open.height)
    let reach = max(Int(0.08 * diameter), 2)
    let slant = (reach * 7 + 5) / 10
    let steps = [reach, reach * width, slant * width + slant, slant * width - slant]
    let depth = UInt8(Contrast.typical / 6)
    for y in reach..<max(height - reach, reach) {
      for x in reach..<max(width - reach, reach) {
        let index = y * width + x
        if open.bytes[index] == 0 { continue }
        let here = smooth.bytes[index]
        for step in steps {
          let sides = min(smooth.bytes[index - step], smooth.bytes[index + step])
          if sides > here, sides - here >= depth {
            open.bytes[index] = 0
            break
          }
        }
      }
    }
  }
}
