import Imaging
import Text

/// Finds the cells of thin-film fields, one field after another. Scratch memory is kept between fields.
///
/// First `CellSize` finds at a coarse scale how large a cell is in this picture. Then the steps are, a file each:
/// `ReducedField` (a cell is some 40 pixels wide), `Background` and `Contrast` (uneven light divided out), `Nuclei` and
/// `CellMask` (all that is stained), `Marks` (scale bars), `Holes`, `WhiteCells` and their `Cytoplasm`, `OddCells`
/// (cells in clumps whose colour sets them apart), `Distance`, `Watershed` and `Parting` (touching cells apart), `Seams`
/// (pressed cells apart), `PaleCells`, `Chords` and `Pairs` (overlapping cells apart), `BesideWhiteCells`, `HiddenEdges`,
/// `CountingFrame`.
///
/// Nothing is given but the picture: no camera, stain or magnification. Thick films are not for it.
public struct CellFinder {
  public struct Options: Sendable {
    /// Metres of the specimen that a pixel spans. If given, the found cells' size is checked with it.
    public var pixelSize: Double?

    public init(pixelSize: Double? = nil) { self.pixelSize = pixelSize }
  }

  public var options: Options
  private let memory = FinderMemory()

  public init(_ options: Options = Options()) { self.options = options }

  /// Finds the cells of `picture`.
  public mutating func find(in picture: Picture) throws(ImagingError) -> FoundField {
    var result = FoundField()
    // A strip is no field, and too narrow for the scale of the first look.
    let isStrip = max(picture.width, picture.height) > 100 * min(picture.width, picture.height)
    guard !isStrip, let known = try typicalDiameter(picture) else {
      result.notes = [.noCells]
      return result
    }
    // At 40 pixels a cell steps of one pixel are fine enough, and there is little to do.
    let factor = max(Int(known / 40 + 0.5), 1)
    let cells = try CellMask(picture, factor: factor, memory)
    let (width, height, mask) = (cells.width, cells.height, cells.mask)
    let diameter = known / Double(factor)
    let area = diameter * diameter * Double.pi / 4
    let marks = try Marks(cells, diameter: diameter, memory)
    try fillHoles(of: mask, diameter: diameter, limit: Int(0.4 * diameter * diameter), numbers: memory.numbers, memory)
    let whites = try WhiteCells(cells, diameter: diameter, memory)
    for index in 0..<mask.count where whites.numbers.bytes[index] != 0 { mask.bytes[index] = 0 }
    let odd = try OddCells(cells, whites: whites.numbers, diameter: diameter, memory)
    let distance = try Distance(to: mask, memory)
    let watershed = try Watershed(
      distance, depth: Int(0.02 * diameter * Double(Distance.unit)), numbers: memory.numbers, order: memory.parents,
      pieces: memory.pieces)
    let pieces = Shape.all(watershed.labels)
    let parting = Parting(cellArea: area, width: width, height: height)
    var (owner, shapes) = parting.cells(watershed, pieces)
    let labels = watershed.labels
    for index in 0..<mask.count where labels.numbers[index] != 0 {
      labels.numbers[index] = Int32(owner[Int(labels.numbers[index])])
    }
    for index in 0..<mask.count where odd.numbers.bytes[index] != 0 {
      labels.numbers[index] = Int32(shapes.count - 1 + Int(odd.numbers.bytes[index]))
      mask.bytes[index] = 1
    }
    let odds = shapes.count..<(shapes.count + odd.shapes.count)
    shapes += odd.shapes
    whites.join(labels, shapes, parting, cells)
    try Seams(parting: parting, diameter: diameter).part(labels, &shapes, cells.smooth, memory)
    try PaleCells(cellArea: area).add(to: labels, &shapes, whites: whites.numbers, cells, memory)
    // White cells are numbered after the red ones.
    let total = shapes.count + whites.count
    var firsts = [Int](repeating: -1, count: total)
    var stained = [Int](repeating: 0, count: total)
    var marked = stained
    for index in 0..<mask.count {
      let white = Int(whites.numbers.bytes[index])
      if white > 0 {
        labels.numbers[index] = Int32(shapes.count - 1 + white)
        mask.bytes[index] = 1
      }
      let number = Int(labels.numbers[index])
      if number > 0, firsts[number] < 0 { firsts[number] = index }
      stained[number] += Int(cells.nuclei.bytes[index])
      if let marks = marks.mask { marked[number] += Int(marks.bytes[index]) }
    }
    let frame = CountingFrame(
      cells.blocks, factor: factor, width: width * factor, height: height * factor, diameter: diameter * Double(factor))
    result.frame = frame.box
    let chords = Chords(parting)
    let pairs = Pairs(chords, cells.smooth)
    let beside = BesideWhiteCells(chords, cells.nuclei)
    /// Whether a contour is too small for a cell. Whole, round ones may be smaller: where clumps made the typical size too
    /// large, all cells that lie alone are small.
    ///
    /// - Parameter size: in typical cells.
    func isFragment(_ contour: Contour, _ size: Double, isCut: Bool) -> Bool {
      if isCut { return size < 0.2 }
      if size < 0.35 || size >= 0.5 { return size < 0.35 }
      if contour.vertices.contains(where: { $0.isCut }) { return true }
      let shape = ContourShape(contour.vertices)
      return shape.solidity <= 0.9 || shape.ellipticity <= 0.95
    }
    func add(_ contour: Contour, _ kind: CellKind) {
      let box = contour.box(scale: factor)
      let isCut =
        box.x == 0 || box.y == 0 || box.x + box.width == width * factor || box.y + box.height == height * factor
      let size = ContourShape.area(contour.vertices) / 4 / area
      if kind == .redCell, isFragment(contour, size, isCut: isCut) { return }
      result.cells.append(
        FoundCell(
          box: box, kind: kind, counted: !isCut && frame.counts(box), isCut: isCut,
          outline: contour.outline(scale: factor),
          area: Float(size * area) * Float(factor * factor)))
    }
    for number in 1..<max(total, 1) where firsts[number] >= 0 {
      let contour = Contour(labels, Int32(number), first: firsts[number])
      if number >= shapes.count {
        let (white, red) = beside.parted(contour)
        add(white, .whiteCell)
        for cell in red { add(cell.completed(diameter: 2 * diameter, within: mask), .redCell) }
        continue
      }
      // Platelets are small, and at least a quarter of one is granules.
      let size = Double(shapes[number].area) / area
      if size < 0.5, size > 0.02, stained[number] * 4 >= shapes[number].area {
        add(contour, .platelet)
        continue
      }
      // Nobody can judge a cell that marks cover in good part.
      if marked[number] * 5 > shapes[number].area {
        add(contour, .other)
        continue
      }
      // Of odd cells the shape is known to be a cell's.
      if odds.contains(number) {
        add(contour, .redCell)
        continue
      }
      for part in chords.cells(contour) {
        if let (one, other) = pairs.cells(part) {
          add(one, .redCell)
          add(other, .redCell)
        } else {
          add(part.completed(diameter: 2 * diameter, within: mask), .redCell)
        }
      }
    }
    result.cells = result.cells.inOrder { $0.box.y != $1.box.y ? $0.box.y < $1.box.y : $0.box.x < $1.box.x }
    result.typicalDiameter = CellFinder.diameter(of: result.cells) ?? Float(known)
    if !result.cells.contains(where: { $0.kind == .redCell }) { result.notes.append(.noCells) }
    if let pixelSize = options.pixelSize {
      let micrometres = Double(result.typicalDiameter) * pixelSize * 1e6
      if !(micrometres >= 4.5 && micrometres <= 11) {
        result.notes.append(.unlikelySize(micrometres: Float(micrometres)))
      }
    }
    return result
  }

  /// The diameter of the circle with the median area of complete red cells.
  private static func diameter(of cells: [FoundCell]) -> Float? {
    var areas: [Float] = []
    for cell in cells where cell.kind == .redCell && !cell.isCut { areas.append(cell.area) }
    if areas.isEmpty { return nil }
    areas = areas.inOrder { $0 < $1 }
    return 2 * (areas[areas.count / 2] / Float.pi).squareRoot()
  }

  /// Diameter of a typical red cell in pixels of the picture, found at a coarse scale first.
  private func typicalDiameter(_ picture: Picture) throws(ImagingError) -> Double? {
    let longer = max(picture.width, picture.height)
    var factor = max((longer + 200) / 400, 1)
    while true {
      let area = try CellSize.area(CellMask(picture, factor: factor, memory), memory)
      if let area, factor == 1 || area >= 110 { return 2 * (area / Double.pi).squareRoot() * Double(factor) }
      if factor == 1 { return nil }
      factor = max(factor / 2, 1)
    }
  }
}
