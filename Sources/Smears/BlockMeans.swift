/// Means of blocks of 4 × 4 pixels of the reduced field, and which blocks lie outside the picture proper: the black
/// around a microscope's round field of view, or black bars.
struct BlockMeans {
  let columns: Int
  let rows: Int
  private(set) var red: [UInt8]
  private(set) var green: [UInt8]
  private(set) var blue: [UInt8]
  private(set) var isOutside: [Bool]
  private(set) var hasOutside = false

  init(_ field: ReducedField) {
    columns = max(field.width / Background.block, 1)
    rows = max(field.height / Background.block, 1)
    (red, green, blue) = ([], [], [])
    isOutside = [Bool](repeating: false, count: columns * rows)
    measure(field)
    markOutside()
  }

  /// Takes the means again, after the field was changed.
  mutating func measure(_ field: ReducedField) {
    red = BlockMeans.means(field.red, columns, rows)
    green = BlockMeans.means(field.green, columns, rows)
    blue = BlockMeans.means(field.blue, columns, rows)
  }

  private static func means(_ plane: Plane, _ columns: Int, _ rows: Int) -> [UInt8] {
    let side = Background.block
    let (across, down) = (min(side, plane.width), min(side, plane.height))
    var means = [UInt8](repeating: 0, count: columns * rows)
    // Sums of a block's lines, by column of the plane.
    var sums = [UInt16](repeating: 0, count: columns * across)
    means.withUnsafeMutableBufferPointer { means in
      sums.withUnsafeMutableBufferPointer { sums in
        for row in 0..<rows {
          for x in 0..<sums.count { sums[x] = 0 }
          for y in 0..<down {
            let line = plane.bytes + (row * side + y) * plane.width
            for x in 0..<sums.count { sums[x] &+= UInt16(line[x]) }
          }
          for column in 0..<columns {
            var sum = UInt16(side * side / 2)
            for x in 0..<across { sum &+= sums[column * across + x] }
            means[row * columns + column] = UInt8(truncatingIfNeeded: sum / UInt16(side * side))
          }
        }
      }
    }
    return means
  }

  /// Black regions that reach the border and take more than 1 % of the picture.
  private mutating func markOutside() {
    let count = columns * rows
    var brightest = Histogram()
    for index in 0..<count { brightest.add(max(red[index], green[index], blue[index])) }
    let limit = brightest.quantile(95, of: 100) / 6
    func isBlack(_ index: Int) -> Bool { Int(max(red[index], green[index], blue[index])) <= limit }
    var stack: [Int] = []
    var seen = [Bool](repeating: false, count: count)
    for start in 0..<count {
      let (row, column) = (start / columns, start % columns)
      guard row == 0 || column == 0 || row == rows - 1 || column == columns - 1 else { continue }
      if seen[start] || !isBlack(start) { continue }
      var region = [start]
      seen[start] = true
      stack = [start]
      while let index = stack.popLast() {
        let (row, column) = (index / columns, index % columns)
        func visit(_ next: Int) {
          if seen[next] || !isBlack(next) { return }
          seen[next] = true
          region.append(next)
          stack.append(next)
        }
        if row > 0 { visit(index - columns) }
        if row < rows - 1 { visit(index + columns) }
        if column > 0 { visit(index - 1) }
        if column < columns - 1 { visit(index + 1) }
      }
      if region.count * 100 > count {
        hasOutside = true
        for index in region { isOutside[index] = true }
      }
    }
  }
}
