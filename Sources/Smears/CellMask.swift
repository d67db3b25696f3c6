import Imaging

/// A field at one scale, its light made even, with a mask of all that is stained.
struct CellMask {
  let field: ReducedField
  let blocks: BlockMeans
  /// 1 where the contrast is above the threshold, else 0.
  let mask: Plane
  /// Contrast, softened.
  let smooth: Plane
  let threshold: Int
  let colour: RedCellColour
  /// 1 where nuclei are, else 0.
  let nuclei: Plane

  var width: Int { field.width }
  var height: Int { field.height }

  init(_ picture: Picture, factor: Int, _ memory: FinderMemory) throws(ImagingError) {
    field = try ReducedField(picture, factor: factor, planes: memory.planes, sums: memory.sums)
    let count = field.width * field.height
    let bytes = try memory.bytes.room(3 * count)
    let contrast = Plane(width: field.width, height: field.height, bytes: bytes)
    smooth = Plane(width: field.width, height: field.height, bytes: bytes + count)
    mask = Plane(width: field.width, height: field.height, bytes: bytes + 2 * count)

    var blocks = BlockMeans(field)
    try field.divide(by: Background(blocks), lines: memory.lines)
    // A first, rough division into background and cells, by green light.
    Contrast().measure(field, into: contrast)
    try soften(contrast, into: smooth, row: memory.lines)
    let first = CellMask.histogram(smooth, blocks).cellThreshold()
    blocks.measure(field)
    let (free, covered) = CellMask.divide(smooth, blocks, threshold: first)
    try field.divide(by: Background(between: blocks, free: free, reach: 12), lines: memory.lines)
    blocks.measure(field)
    colour = RedCellColour(blocks, covered)
    nuclei = try Nuclei(field, colour, memory.nuclei).mask
    let red = CellMask.without(colour, blocks, covered)
    Contrast(blocks, free: free, covered: red).measure(field, into: contrast)
    try soften(contrast, into: smooth, row: memory.lines)
    let otsu = CellMask.histogram(smooth, blocks, without: nuclei).otsu()
    // Three quarters of Otsu's threshold, or more where plasma is stained so that the contrast is not steep there.
    threshold = Steepness(smooth).edge(in: (otsu * 3 / 4)...min(otsu * 7 / 5, 255))
    for index in 0..<count { mask.bytes[index] = Int(smooth.bytes[index]) > threshold ? 1 : 0 }
    self.blocks = blocks
  }

  private static func without(_ colour: RedCellColour, _ blocks: BlockMeans, _ covered: [Bool]) -> [Bool] {
    var red = covered
    for index in 0..<red.count where covered[index] && colour.isNuclear(blocks.green[index], blocks.blue[index]) {
      red[index] = false
    }
    return red
  }

  private static func histogram(_ plane: Plane, _ blocks: BlockMeans, without: Plane? = nil) -> Histogram {
    var histogram = Histogram()
    let side = Background.block
    for y in 0..<plane.height {
      let row = min(y / side, blocks.rows - 1) * blocks.columns
      let line = plane.bytes + y * plane.width
      for x in 0..<plane.width where !blocks.hasOutside || !blocks.isOutside[row + min(x / side, blocks.columns - 1)] {
        if let without, without.bytes[y * plane.width + x] != 0 { continue }
        histogram.add(line[x])
      }
    }
    return histogram
  }

  /// Blocks that lie all in the background, a block's width from any cell, and blocks all within cells.
  private static func divide(_ plane: Plane, _ blocks: BlockMeans, threshold: Int) -> (free: [Bool], covered: [Bool]) {
    let (columns, rows, side) = (blocks.columns, blocks.rows, Background.block)
    var free = [Bool](repeating: false, count: columns * rows)
    var covered = free
    // Lowest and highest value of the lines of a row of blocks, by column of the plane.
    var lows = [UInt8](repeating: 0, count: plane.width)
    var highs = lows
    for row in 0..<rows {
      lows.withUnsafeMutableBufferPointer { lows in
        highs.withUnsafeMutableBufferPointer { highs in
          for x in 0..<lows.count { (lows[x], highs[x]) = (255, 0) }
          for y in max(row * side - 2, 0)..<min((row + 1) * side + 2, plane.height) {
            let line = plane.bytes + y * plane.width
            for x in 0..<lows.count { lows[x] = min(lows[x], line[x]) }
            for x in 0..<highs.count { highs[x] = max(highs[x], line[x]) }
          }
        }
      }
      for column in 0..<columns where !blocks.isOutside[row * columns + column] {
        var (low, high) = (UInt8(255), UInt8(0))
        for x in max(column * side - 2, 0)..<min((column + 1) * side + 2, plane.width) {
          (low, high) = (min(low, lows[x]), max(high, highs[x]))
        }
        free[row * columns + column] = Int(high) < threshold
        covered[row * columns + column] = Int(low) > threshold
      }
    }
    return (free, covered)
  }
}
