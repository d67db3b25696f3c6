/// The area of a typical red cell, found from the sizes of single cells in the picture.
enum CellSize {
  /// - Parameters:
  ///   - shapes: regions of the mask, the first left out.
  ///   - width, height: of the mask; regions at its border are left out.
  /// - Returns: the area in pixels of the mask, nil where nothing looks like a cell.
  static func area(_ shapes: [Shape], width: Int, height: Int) -> Double? {
    var single: [Int] = []
    var any: [Int] = []
    for shape in shapes.dropFirst() where shape.area >= 40 {
      if shape.left == 0 || shape.top == 0 || shape.right == width || shape.bottom == height { continue }
      any.append(shape.area)
      let axes = shape.axes
      if shape.solidity > 0.92, shape.ellipticity > 0.96, axes.long < 1.6 * axes.short { single.append(shape.area) }
    }
    return mode(single) ?? mode(any)
  }

  /// The middle of the areas around which most area lies.
  private static func mode(_ areas: [Int]) -> Double? {
    if areas.isEmpty { return nil }
    let sorted = areas.sorted()
    var (best, bestWeight) = (0..<1, 0.0)
    var (from, to, weight) = (0, 0, 0.0)
    // Windows from an area to 1.8 times of it.
    while from < sorted.count {
      while to < sorted.count, sorted[to] * 10 <= sorted[from] * 18 {
        weight += Double(sorted[to])
        to += 1
      }
      if weight > bestWeight { (best, bestWeight) = (from..<to, weight) }
      weight -= Double(sorted[from])
      from += 1
    }
    return Double(sorted[(best.lowerBound + best.upperBound) / 2])
  }
}
