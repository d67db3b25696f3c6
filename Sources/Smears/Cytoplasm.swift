/// Cytoplasm that was taken for red cells.
extension WhiteCells {
  /// Takes regions into the white cell that they touch if they lie within its box for the most part, or if both together
  /// are rounder than they are apart.
  ///
  /// - Parameter shapes: of the regions.
  func join(_ labels: Labels, _ shapes: [Shape], _ parting: Parting, _ cells: CellMask) {
    if count == 0 { return }
    let (width, height) = (labels.width, labels.height)
    let first = Int32(shapes.count) - 1
    var touching = [Int](repeating: 0, count: shapes.count)
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x
        let white = Int(numbers.bytes[index])
        if white == 0 { continue }
        if x > 0 { touching[Int(labels.numbers[index - 1])] = white }
        if x + 1 < width { touching[Int(labels.numbers[index + 1])] = white }
        if y > 0 { touching[Int(labels.numbers[index - width])] = white }
        if y + 1 < height { touching[Int(labels.numbers[index + width])] = white }
      }
    }
    touching[0] = 0
    let isCytoplasm = WhiteCells.cytoplasm(labels, shapes, cells)
    var near: [Int] = []
    for number in 1..<max(shapes.count, 1) where touching[number] > 0 { near.append(number) }
    if near.isEmpty { return }
    // White cells for themselves, at the numbers that they get later.
    for index in 0..<(width * height) where numbers.bytes[index] != 0 {
      labels.numbers[index] = first + Int32(numbers.bytes[index])
    }
    var whites = Shape.all(
      Labels(width: width, height: height, numbers: labels.numbers, count: Int(first) + count))
    whites.removeFirst(Int(first))
    for index in 0..<(width * height) where numbers.bytes[index] != 0 { labels.numbers[index] = 0 }

    func roundness(_ shape: Shape) -> Double {
      parting.quality(size: 1, solidity: shape.solidity, ellipticity: shape.ellipticity, isCut: true)
    }
    var isJoined = [Bool](repeating: false, count: shapes.count)
    var isChanged = true
    while isChanged {
      isChanged = false
      for number in near where !isJoined[number] {
        let (shape, white) = (shapes[number], whites[touching[number]])
        let across = min(shape.right, white.right) - max(shape.left, white.left)
        let down = min(shape.bottom, white.bottom) - max(shape.top, white.top)
        let box = (shape.right - shape.left) * (shape.bottom - shape.top)
        let isWithin = across > 0 && down > 0 && Double(across * down) > 0.65 * Double(box)
        let quality = parting.quality(shape)
        let together = white.joined(shape)
        let isConvex =
          together.solidity > 0.9 && together.solidity > white.solidity - 0.02 && roundness(together) > quality
        if isWithin && (isCytoplasm[number] || quality < 0.5) || isConvex && isCytoplasm[number] {
          whites[touching[number]] = together
          isJoined[number] = true
          isChanged = true
        }
      }
    }
    for index in 0..<(width * height) where isJoined[Int(labels.numbers[index])] {
      numbers.bytes[index] = UInt8(touching[Int(labels.numbers[index])])
      labels.numbers[index] = 0
    }
  }

  /// Whether each region is paler than red cells for the most part, or bluer.
  private static func cytoplasm(_ labels: Labels, _ shapes: [Shape], _ cells: CellMask) -> [Bool] {
    var (contrasts, greens) = ([Int](repeating: 0, count: shapes.count), [Int](repeating: 0, count: shapes.count))
    var blues = greens
    let (smooth, green, blue) = (cells.smooth.bytes, cells.field.green.bytes, cells.field.blue.bytes)
    for index in 0..<(labels.width * labels.height) {
      let number = Int(labels.numbers[index])
      contrasts[number] += Int(smooth[index])
      greens[number] += Int(green[index])
      blues[number] += Int(blue[index])
    }
    var result = [Bool](repeating: false, count: shapes.count)
    for number in 1..<max(shapes.count, 1) {
      result[number] =
        contrasts[number] * 100 < 65 * Contrast.typical * shapes[number].area
        || 100 * blues[number] * cells.colour.green > 102 * greens[number] * cells.colour.blue
    }
    return result
  }
}
