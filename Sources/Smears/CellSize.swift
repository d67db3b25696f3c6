import Imaging
import Text

/// The area of a typical red cell, found from the sizes of what looks like single cells in the picture, and from how
/// large a circle fits into each part of clumps.
enum CellSize {
  /// - Returns: the area in pixels of the mask, nil where nothing looks like a cell.
  static func area(_ cells: CellMask, _ memory: FinderMemory) throws(ImagingError) -> Double? {
    let mask = cells.mask
    try fillRoundHoles(of: mask, memory)
    let regions = try Labels.regions(
      of: mask, value: 1, diagonal: false, numbers: memory.others, parents: memory.parents)
    let shapes = Shape.all(regions)
    var stained = [Int](repeating: 0, count: shapes.count)
    for index in 0..<mask.count where cells.nuclei.bytes[index] != 0 { stained[Int(regions.numbers[index])] += 1 }

    // Areas, each with its weight: the diameter, so that neither crumbs nor one large clump decide.
    var samples: [Sample] = []
    var isClump = [Bool](repeating: false, count: shapes.count)
    for number in 1..<max(shapes.count, 1) {
      let shape = shapes[number]
      if shape.area < 40 || stained[number] * 8 > shape.area { continue }
      let isCut = shape.touchesBorder(width: mask.width, height: mask.height)
      let axes = shape.axes
      if !isCut, shape.solidity > 0.92, shape.ellipticity > 0.96, axes.long < 1.6 * axes.short {
        samples.append(Sample(area: shape.area, weight: Int(64 * Double(shape.area).squareRoot())))
      } else {
        isClump[number] = true
      }
    }
    let distance = try Distance(to: mask, memory)
    // Notches of ragged rims are no waists; they grow with the scale at which the picture is seen.
    let depth = Distance.unit * max(mask.width, mask.height) / 150
    let watershed = try Watershed(
      distance, depth: max(depth, Distance.unit), numbers: memory.numbers, order: memory.parents, pieces: memory.pieces)
    var owner = [Int](repeating: 0, count: watershed.tops.count)
    for index in 0..<mask.count where regions.numbers[index] != 0 {
      owner[Int(watershed.labels.numbers[index])] = Int(regions.numbers[index])
    }
    for piece in 1..<max(owner.count, 1) where isClump[owner[piece]] {
      // The circle that fits into a cell that is not quite round is smaller than the cell.
      let radius = 1.08 * (Double(watershed.tops[piece]) / Double(Distance.unit) + 0.5)
      let area = Int(Double.pi * radius * radius)
      if area >= 40 { samples.append(Sample(area: area, weight: Int(19 * Double(area).squareRoot()))) }
    }
    return mode(samples)
  }

  private struct Sample {
    let area: Int
    let weight: Int
  }

  /// The weighted median of the areas around which most weight lies.
  private static func mode(_ samples: [Sample]) -> Double? {
    if samples.isEmpty { return nil }
    let sorted = samples.inOrder { $0.area != $1.area ? $0.area < $1.area : $0.weight < $1.weight }
    var (best, bestWeight) = (0..<1, 0)
    var (from, to, weight) = (0, 0, 0)
    // Windows from an area to 1.8 times of it.
    while from < sorted.count {
      while to < sorted.count, sorted[to].area * 10 <= sorted[from].area * 18 {
        weight += sorted[to].weight
        to += 1
      }
      if weight > bestWeight { (best, bestWeight) = (from..<to, weight) }
      weight -= sorted[from].weight
      from += 1
    }
    var below = 0
    for index in best {
      below += sorted[index].weight
      if 2 * below >= bestWeight { return Double(sorted[index].area) }
    }
    return nil
  }
}
