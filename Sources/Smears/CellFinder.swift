import Imaging

/// Finds the cells of thin-film fields, one field after another. Scratch memory is kept between fields.
///
/// The steps, a file each: `ReducedField` (smaller, so that a cell is some 40 pixels wide), `Background` and `Contrast`
/// (uneven light divided out), `Histogram` (threshold), `Holes`, `CellSize` (how large a cell is in this picture),
/// `Distance`, `Watershed` and `Parting` (touching cells apart), `Outlines`, `Kinds`, `CountingFrame`.
///
/// Nothing is given but the picture: no camera, stain or magnification. Thick films are not for it.
public struct CellFinder {
  public struct Options: Sendable {
    /// Metres of the specimen that a pixel spans. If given, the found cells' size is checked with it.
    public var pixelSize: Double?

    public init(pixelSize: Double? = nil) { self.pixelSize = pixelSize }
  }

  public var options: Options
  private let planes = Scratch<UInt8>()
  private let bytes = Scratch<UInt8>()
  private let sums = Scratch<UInt32>()
  private let lines = Scratch<Int32>()
  private let numbers = Scratch<Int32>()
  private let parents = Scratch<Int32>()
  private let distances = Scratch<UInt16>()
  private let columns = Scratch<UInt16>()

  public init(_ options: Options = Options()) { self.options = options }

  /// Finds the cells of `picture`.
  public mutating func find(in picture: Picture) throws(ImagingError) -> FoundField {
    var factor = max((max(picture.width, picture.height) + 400) / 800, 1)
    var found = try find(in: picture, factor: factor, known: nil)
    guard let area = found.area else { return found.field }
    // At 40 pixels a cell steps of one pixel are fine enough, and there is little to do.
    var diameter = 2 * (area / Double.pi).squareRoot() * Double(factor)
    factor = max(Int(diameter / 40 + 0.5), 1)
    diameter /= Double(factor)
    found = try find(in: picture, factor: factor, known: diameter)
    return found.field
  }

  private func find(
    in picture: Picture, factor: Int, known: Double?
  ) throws(ImagingError) -> (field: FoundField, area: Double?) {
    let field = try ReducedField(picture, factor: factor, planes: planes, sums: sums)
    let (width, height) = (field.width, field.height)
    let count = width * height
    var result = FoundField()
    let memory = try bytes.room(3 * count)
    let contrast = Plane(width: width, height: height, bytes: memory)
    let smooth = Plane(width: width, height: height, bytes: memory + count)
    let mask = Plane(width: width, height: height, bytes: memory + 2 * count)

    var blocks = BlockMeans(field)
    try field.divide(by: Background(blocks), lines: lines)
    // A first, rough division into background and cells, by green light.
    Contrast().measure(field, into: contrast)
    try soften(contrast, into: smooth, row: lines)
    var threshold = CellFinder.histogram(smooth, blocks).cellThreshold()
    blocks.measure(field)
    var (free, covered) = CellFinder.divide(smooth, blocks, threshold: threshold)
    try field.divide(by: Background(between: blocks, free: free, reach: 12), lines: lines)
    blocks.measure(field)
    Contrast(blocks, free: free, covered: covered).measure(field, into: contrast)
    try soften(contrast, into: smooth, row: lines)
    threshold = CellFinder.histogram(smooth, blocks).cellThreshold()
    (free, covered) = CellFinder.divide(smooth, blocks, threshold: threshold)
    for index in 0..<count { mask.bytes[index] = Int(smooth.bytes[index]) > threshold ? 1 : 0 }
    // DUMP
    if let known {
      try fillHoles(
        of: mask, diameter: known, limit: Int(0.4 * known * known), numbers: numbers, parents: parents)
    } else {
      try fillHolesRoughly(of: mask, numbers: numbers, parents: parents)
    }
    let regions = try Labels.regions(of: mask, value: 1, diagonal: false, numbers: numbers, parents: parents)
    guard let area = CellSize.area(Shape.all(regions), width: width, height: height) else {
      result.notes = [.noCells]
      return (result, nil)
    }
    if known == nil { return (result, area) }

    let diameter = 2 * (area / Double.pi).squareRoot()
    let distance = try Distance(to: mask, values: distances, columns: columns, lines: lines)
    distance.soften(try columns.room(count))
    let watershed = try Watershed(
      distance, depth: Int(0.02 * diameter * Double(Distance.unit)), numbers: numbers, order: parents)
    let pieces = Shape.all(watershed.labels)
    let parting = Parting(cellArea: area, width: width, height: height)
    let (owner, shapes) = parting.cells(watershed, pieces)
    var firsts = [Int](repeating: -1, count: shapes.count)
    let labels = watershed.labels
    for index in 0..<count where labels.numbers[index] != 0 {
      let number = owner[Int(labels.numbers[index])]
      labels.numbers[index] = Int32(number)
      if firsts[number] < 0 { firsts[number] = index }
    }
    let frame = CountingFrame(
      blocks, factor: factor, width: width * factor, height: height * factor, diameter: diameter * Double(factor))
    result.frame = frame.box
    for number in 1..<max(shapes.count, 1) where Double(shapes[number].area) > 0.3 * area {
      let shape = shapes[number]
      let box = PixelBox(
        x: shape.left * factor, y: shape.top * factor, width: (shape.right - shape.left) * factor,
        height: (shape.bottom - shape.top) * factor)
      let isCut = shape.left == 0 || shape.top == 0 || shape.right == width || shape.bottom == height
      result.cells.append(
        FoundCell(
          box: box, kind: .redCell, counted: !isCut && frame.counts(box), isCut: isCut,
          outline: Outlines.polygon(labels, Int32(number), first: firsts[number], scale: factor),
          area: Float(shape.area * factor * factor)))
    }
    result.typicalDiameter = Float(diameter) * Float(factor)
    if result.cells.isEmpty { result.notes.append(.noCells) }
    if let pixelSize = options.pixelSize {
      let micrometres = Double(result.typicalDiameter) * pixelSize * 1e6
      if !(micrometres >= 4.5 && micrometres <= 11) {
        result.notes.append(.unlikelySize(micrometres: Float(micrometres)))
      }
    }
    return (result, area)
  }

  private static func histogram(_ plane: Plane, _ blocks: BlockMeans) -> Histogram {
    var histogram = Histogram()
    let side = Background.block
    for y in 0..<plane.height {
      let row = min(y / side, blocks.rows - 1) * blocks.columns
      let line = plane.bytes + y * plane.width
      for x in 0..<plane.width where !blocks.hasOutside || !blocks.isOutside[row + min(x / side, blocks.columns - 1)] {
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
    for row in 0..<rows {
      for column in 0..<columns where !blocks.isOutside[row * columns + column] {
        var (low, high) = (255, 0)
        for y in max(row * side - 2, 0)..<min((row + 1) * side + 2, plane.height) {
          for x in max(column * side - 2, 0)..<min((column + 1) * side + 2, plane.width) {
            let value = Int(plane.bytes[y * plane.width + x])
            low = min(low, value)
            high = max(high, value)
          }
        }
        free[row * columns + column] = high < threshold
        covered[row * columns + column] = low > threshold
      }
    }
    return (free, covered)
  }
}
