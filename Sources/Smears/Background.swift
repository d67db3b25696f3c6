/// The light that would reach each place if no cell were there: for every channel a smooth surface, given at the centres
/// of blocks of 4 × 4 pixels of the reduced field.
struct Background {
  /// Side of a block in pixels of the reduced field.
  static let block = 4

  let columns: Int
  let rows: Int
  /// Values by block, row after row.
  private(set) var red: [Float]
  private(set) var green: [Float]
  private(set) var blue: [Float]

  /// Fits a quadratic surface to the bright part of the field. Which part is bright is decided by Otsu's threshold on
  /// green light divided by the surface of the round before, so that shade towards the corners is not taken for cells.
  ///
  /// Green light, because haemoglobin and eosin absorb it most, whatever the camera makes of the other two.
  init(_ blocks: BlockMeans) {
    columns = blocks.columns
    rows = blocks.rows
    let count = columns * rows
    var bright = [Bool](repeating: true, count: count)
    var histogram = Histogram()
    for index in 0..<count where !blocks.isOutside[index] { histogram.add(255 - blocks.green[index]) }
    let first = 255 - histogram.cellThreshold()
    for index in 0..<count { bright[index] = !blocks.isOutside[index] && Int(blocks.green[index]) >= first }
    red = []
    green = []
    blue = []
    for round in 0..<4 {
      var fit = QuadraticSurface.Fit(values: 3)
      for row in 0..<rows {
        var sums = QuadraticSurface.Fit.Row()
        for column in 0..<columns {
          let index = row * columns + column
          if !bright[index] { continue }
          sums.add(
            Background.position(column, columns),
            (Double(blocks.red[index]), Double(blocks.green[index]), Double(blocks.blue[index])))
        }
        fit.add(sums, y: Background.position(row, rows))
      }
      green = Background.sampled(fit.surface(1), columns, rows)
      if round == 3 {
        red = Background.sampled(fit.surface(0), columns, rows)
        blue = Background.sampled(fit.surface(2), columns, rows)
        break
      }
      // 160 steps from the surface to black; brighter than the surface counts as the surface.
      var ratios = Histogram()
      func ratio(_ index: Int) -> UInt8 {
        UInt8(min(max(200 - Float(blocks.green[index]) * 160 / green[index], 0), 255))
      }
      for index in 0..<count where !blocks.isOutside[index] { ratios.add(ratio(index)) }
      let threshold = ratios.cellThreshold()
      for index in 0..<count {
        let value = Int(ratio(index))
        bright[index] = !blocks.isOutside[index] && value <= threshold && value > 10
      }
    }
  }

  /// −1 to 1 over the field.
  private static func position(_ index: Int, _ count: Int) -> Double {
    (Double(2 * index + 1) - Double(count)) / Double(count)
  }

  private static func sampled(_ surface: QuadraticSurface, _ columns: Int, _ rows: Int) -> [Float] {
    var values = [Float](repeating: 0, count: columns * rows)
    let across = (0..<columns).map { position($0, columns) }
    for row in 0..<rows {
      let y = position(row, rows)
      for column in 0..<columns { values[row * columns + column] = Float(max(surface.value(across[column], y), 8)) }
    }
    return values
  }

  /// The light between the cells, for a field that was divided by its light before: the means of the free blocks within
  /// `reach` blocks. Where few are free, the light is held to be even.
  init(between blocks: BlockMeans, free: [Bool], reach: Int) {
    columns = blocks.columns
    rows = blocks.rows
    var window = WindowMeans(columns: columns, rows: rows)
    red = window.means(blocks.red, where: free, reach: reach)
    green = window.means(blocks.green, where: free, reach: reach)
    blue = window.means(blocks.blue, where: free, reach: reach)
  }
}

/// Means over square windows of blocks, by sums over rectangles from the corner.
private struct WindowMeans {
  let columns: Int
  let rows: Int
  private var counts: [Int32]
  private var sums: [Int32]

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    counts = [Int32](repeating: 0, count: (columns + 1) * (rows + 1))
    sums = counts
  }

  mutating func means(_ values: [UInt8], where free: [Bool], reach: Int) -> [Float] {
    let width = columns + 1
    for row in 0..<rows {
      var (count, sum) = (Int32(0), Int32(0))
      for column in 0..<columns {
        let index = row * columns + column
        if free[index] {
          count &+= 1
          sum &+= Int32(values[index])
        }
        counts[(row + 1) * width + column + 1] = counts[row * width + column + 1] &+ count
        sums[(row + 1) * width + column + 1] = sums[row * width + column + 1] &+ sum
      }
    }
    var result = [Float](repeating: 0, count: columns * rows)
    // A sixteenth of the window is taken to be free and even.
    let own = Float((2 * reach + 1) * (2 * reach + 1)) / 16
    for row in 0..<rows {
      let (top, bottom) = (max(row - reach, 0) * width, min(row + reach + 1, rows) * width)
      for column in 0..<columns {
        let (left, right) = (max(column - reach, 0), min(column + reach + 1, columns))
        let count = counts[bottom + right] &- counts[bottom + left] &- counts[top + right] &+ counts[top + left]
        let sum = sums[bottom + right] &- sums[bottom + left] &- sums[top + right] &+ sums[top + left]
        result[row * columns + column] = (Float(sum) + own * Float(ReducedField.light)) / (Float(count) + own)
      }
    }
    return result
  }
}
