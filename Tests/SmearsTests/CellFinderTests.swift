import Imaging
import Smears
import Testing

@Suite struct CellFinderTests {
  @Test(arguments: [20.0, 40, 80, 120]) func findsCellsOfAnySize(_ diameter: Double) throws {
    let field = DrawnField.grid(diameter: diameter)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 48)
    #expect(field.found(found.cells) == 48)
    #expect(abs(Double(found.typicalDiameter) - diameter * 0.975) < diameter * 0.06)
    #expect(found.notes.isEmpty)
  }

  /// Large rings whose rims are open and ragged: what lies between two notches of a rim is no cell.
  @Test func findsTheSizeOfRaggedCells() throws {
    var field = DrawnField(width: 575, height: 575)
    field.draw(x: 120, y: 110, across: 160, down: 160)
    field.draw(x: 230, y: 110, across: 160, down: 160)
    for (x, y) in [(140.0, 420.0), (420.0, 420.0)] {
      field.draw(x: x, y: y, across: 160, down: 160)
      field.draw(x: x, y: y, across: 80, down: 80, DrawnField.glass)
      field.fill(PixelBox(x: Int(x), y: Int(y) - 8, width: 85, height: 16), DrawnField.glass)
      for step in 1..<12 {
        let (across, down) = DrawnField.direction(degrees: Double(step) * 30)
        field.draw(x: x + 80 * across, y: y + 80 * down, across: 11, down: 11, DrawnField.glass)
      }
    }
    var finder = CellFinder()
    let size = Double(try finder.find(in: field.picture).typicalDiameter)
    #expect(size > 130 && size < 180)
  }

  /// All cells touch, so that the field is one clump. Its gaps are small beside it, and still no holes of cells.
  @Test func findsTheSizeOfCellsInOneClump() throws {
    var field = DrawnField(width: 800, height: 600)
    for row in 0..<15 {
      for column in 0..<20 where (row * 3 + column * 7) % 11 != 0 {
        field.draw(x: 20 + 39 * Double(column), y: 20 + 39 * Double(row), across: 42, down: 42)
      }
    }
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(abs(found.typicalDiameter - 41) < 3)
    #expect(field.found(found.cells) > field.boxes.count * 9 / 10)
  }

  /// Plasma around clumps is stained half as much as the cells, and fades away from them.
  @Test func findsCellsInStainedPlasma() throws {
    var field = DrawnField(width: 800, height: 600)
    let (columns, rows) = ((0..<10).map { 80 + 66 * Double($0) }, (0..<4).map { 80 + 120 * Double($0) })
    for step in 0..<16 {
      let (size, part) = (124 - 4 * Double(step), Double(step + 1) * 0.034)
      for y in rows {
        for x in columns { field.stain(x: x, y: y, across: size, part: part) }
      }
    }
    for y in rows {
      for x in columns { field.draw(x: x, y: y, across: 56, down: 56) }
    }
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(abs(found.typicalDiameter - 56) < 5)
    #expect(field.found(found.cells) == 40)
  }

  @Test func dividesUnevenLightOut() throws {
    var field = DrawnField.grid(diameter: 60)
    field.shade { x, y in 1 - 0.5 * x - 0.2 * y * y }
    var finder = CellFinder()
    #expect(field.found(try finder.find(in: field.picture).cells) == 48)
  }

  @Test func partsTouchingCells() throws {
    var field = DrawnField.grid(diameter: 60)
    // Between the first and the second cell of the third row.
    field.draw(x: 60 + 48 + 4, y: 60 + 2 * 96 + 48, across: 60, down: 58)
    field.draw(x: 60 + 48 + 4 + 52, y: 60 + 2 * 96 + 48, across: 58, down: 60)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 50)
    #expect(field.found(found.cells, overlap: 0.6) == 50)
  }

  /// The outline of such a clump has no dents: only the seams show that it holds more than one cell.
  @Test(arguments: [(2, 2), (3, 3), (4, 2)]) func partsPressedCells(_ across: Int, _ down: Int) throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.press(x: 300, y: 200, side: 54, across: across, down: down)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 14 + across * down)
    #expect(field.found(found.cells) == 14 + across * down)
  }

  /// Halves and quarters of cells in a chain along all four borders, so that the tops of their distances lie on the
  /// border itself, and are as high as each other.
  @Test func partsTouchingCellsThatTheBorderCuts() throws {
    var field = DrawnField(width: 580, height: 464)
    for row in 0...8 {
      for column in 0...10 where row % 8 == 0 || column % 10 == 0 {
        field.draw(x: 58 * Double(column), y: 58 * Double(row), across: 60, down: 60)
      }
    }
    let halves = field.boxes.count
    for row in 0..<3 {
      for column in 0..<4 {
        field.draw(x: 120 + 110 * Double(column), y: 116 + 116 * Double(row), across: 60, down: 60)
      }
    }
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.filter(\.isCut).count == halves)
    #expect(found.cells.count == field.boxes.count)
    for box in field.boxes {
      let (left, top) = (max(box.x, 0), max(box.y, 0))
      let seen = PixelBox(
        x: left, y: top, width: min(box.x + box.width, 580) - left, height: min(box.y + box.height, 464) - top)
      #expect(found.cells.contains { $0.box.overlap(seen) > 0.8 })
    }
  }

  /// A cell with a notch and one in the shape of a cross: such dents leave one cell, whatever side they are on.
  @Test(arguments: [0.0, 90, 180, 270]) func dentsOnAnySideLeaveOneCell(_ degrees: Double) throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    let (across, down) = DrawnField.direction(degrees: degrees)
    field.draw(x: 300, y: 300, across: 66, down: 66)
    field.draw(x: 300 + 31 * across, y: 300 + 31 * down, across: 14, down: 14, DrawnField.glass)
    field.draw(x: 500, y: 300, across: 72, down: 40)
    field.draw(x: 500, y: 300, across: 40, down: 72)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 16)
  }

  @Test func countsInTheFrame() throws {
    // The frame starts 90 pixels, one and a half diameters, from the left and from the top. The first row and column end
    // at 70, the second begins at 110.
    var field = DrawnField(width: 600, height: 500)
    for row in 0..<5 {
      for column in 0..<6 {
        field.draw(x: 40 + 100 * Double(column), y: 40 + 100 * Double(row), across: 60, down: 60)
      }
    }
    field.draw(x: 0, y: 190, across: 60, down: 60)
    field.draw(x: 600, y: 290, across: 60, down: 60)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 32)
    for cell in found.cells { #expect(!(cell.isCut && cell.counted)) }
    #expect(found.counted(.redCell) == 20)
  }

  /// Cells that hide a third of each other have no waist, but two dents.
  @Test func partsOverlappingCells() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 300, y: 300, across: 60, down: 60)
    field.draw(x: 340, y: 300, across: 60, down: 60)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 16)
    #expect(field.found(found.cells, overlap: 0.7) == 16)
  }

  /// Cells that hide more than half of each other have one outline; only the edges within it tell them apart.
  @Test(arguments: [16.0, 20, 24]) func partsPairsByHiddenEdges(_ apart: Double) throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    for x in [300, 300 + apart] { field.lay(x: x, y: 300, across: 60, down: 56) }
    for y in [300 - apart / 2, 300 + apart / 2] { field.lay(x: 500, y: y, across: 56, down: 60) }
    // As large, but without edges within.
    field.draw(x: 660, y: 300, across: 60 + apart, down: 56)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 19)
    #expect(field.found(found.cells, overlap: 0.8) == 19)
  }

  @Test func tellsWhiteCellsAndPlatelets() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 300, y: 300, across: 140, down: 140, (215, 190, 205))
    field.draw(x: 280, y: 290, across: 60, down: 70, DrawnField.nucleus)
    field.draw(x: 330, y: 310, across: 50, down: 60, DrawnField.nucleus)
    field.draw(x: 600, y: 300, across: 20, down: 20, DrawnField.nucleus)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    let whites = cells.filter { $0.kind == .whiteCell }
    #expect(whites.count == 1)
    #expect(whites.allSatisfy { $0.box.overlap(PixelBox(x: 230, y: 230, width: 140, height: 140)) > 0.5 })
    #expect(cells.filter { $0.kind == .platelet }.count == 1)
    #expect(cells.filter { $0.kind == .redCell }.count == 14)
  }

  /// What the border leaves of a white cell is longer than a platelet.
  @Test func tellsWhiteCellsAtTheBorder() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 400, y: 640, across: 100, down: 100, DrawnField.nucleus)
    field.draw(x: 210, y: 599, across: 18, down: 18, DrawnField.nucleus)
    var finder = CellFinder()
    let whites = try finder.find(in: field.picture).cells.filter { $0.kind == .whiteCell }
    #expect(whites.count == 1)
    #expect(whites.allSatisfy { $0.isCut && $0.box.x > 340 && $0.box.x < 390 })
  }

  /// As dark as red cells, but far bluer.
  @Test func tellsPalePlatelets() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 400, y: 300, across: 20, down: 20, DrawnField.palePlatelet)
    field.draw(x: 600, y: 300, across: 20, down: 20)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    #expect(cells.filter { $0.kind == .platelet }.map(\.box.x) == [390])
    #expect(cells.count == 15)
  }

  /// Cytoplasm as dark as red cells, but bluer, belongs to the white cell.
  @Test func joinsCytoplasm() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 400, y: 300, across: 130, down: 130, (170, 140, 190))
    field.draw(x: 380, y: 290, across: 70, down: 70, DrawnField.nucleus)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    let whites = cells.filter { $0.kind == .whiteCell }
    #expect(whites.count == 1)
    #expect(whites.allSatisfy { $0.box.overlap(PixelBox(x: 335, y: 235, width: 130, height: 130)) > 0.8 })
    #expect(cells.filter { $0.kind == .redCell }.count == 14)
  }

  /// A third of a red cell's stain is too little for the mask.
  @Test func findsPaleCells() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 200, y: 300, across: 60, down: 60, DrawnField.pale)
    field.draw(x: 400, y: 300, across: 60, down: 60, DrawnField.pale, pale: 0.9)
    // Too small for a cell.
    field.draw(x: 550, y: 300, across: 25, down: 25, DrawnField.pale)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    #expect(cells.count == 16)
    #expect(field.found(cells) == 16)
  }

  /// A pale cell of which a third lies below a stained one, and a ring that is open on one side.
  @Test func findsOpenRimsOfPaleCells() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 240, y: 300, across: 60, down: 60, DrawnField.pale, pale: 1)
    field.draw(x: 286, y: 300, across: 60, down: 60)
    field.draw(x: 500, y: 300, across: 60, down: 60, DrawnField.pale)
    field.erase(x: 516, y: 300, across: 36, down: 24)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    #expect(cells.count == 17)
    #expect(field.found(cells, overlap: 0.5) == 17)
  }

  /// Cells that lie alone beside a clump, half as large as its cells.
  @Test func findsSmallCellsThatLieAlone() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 200, y: 300, across: 40, down: 40)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    #expect(cells.count == 15)
    #expect(cells.contains { $0.box.overlap(PixelBox(x: 180, y: 280, width: 40, height: 40)) > 0.7 })
  }

  /// A red cell, bluer than the others, that lies against a white cell.
  @Test func partsRedCellsFromWhiteOnes() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    field.draw(x: 400, y: 300, across: 110, down: 110, (170, 140, 190))
    field.draw(x: 400, y: 300, across: 90, down: 90, DrawnField.nucleus)
    field.draw(x: 480, y: 300, across: 60, down: 60, (180, 140, 178))
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    #expect(cells.filter { $0.kind == .whiteCell }.count == 1)
    #expect(cells.filter { $0.kind == .redCell }.count == 15)
    let beside = PixelBox(x: 450, y: 270, width: 60, height: 60)
    #expect(cells.contains { $0.kind == .redCell && $0.box.overlap(beside) > 0.7 })
  }

  /// A large parasite colours its cell all over, or lets it look pale. Six cells lie so far over its edge or below it
  /// that the clump has no waists there.
  @Test(arguments: [(150.0, 95.0, 140.0), (213.0, 170.0, 175.0)])
  func findsCellsOfAnotherColourInClumps(_ colour: (Double, Double, Double)) throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    for side in 0..<6 {
      let way = DrawnField.direction(degrees: Double(60 * side))
      field.draw(x: 400 + 48 * way.x, y: 300 + 48 * way.y, across: 60, down: 60)
    }
    field.draw(x: 400, y: 300, across: 66, down: 66, colour)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    let odd = PixelBox(x: 367, y: 267, width: 66, height: 66)
    #expect(cells.contains { $0.kind == .redCell && $0.box.overlap(odd) > 0.75 })
    #expect(field.found(cells, overlap: 0.5) >= 15)
  }

  /// Nobody can judge a cell below the letters of a scale bar.
  @Test func leavesCellsBelowScaleBarsOut() throws {
    var field = DrawnField(width: 800, height: 600)
    field.drawTwoRows()
    for column in 0..<3 { field.draw(x: 200 + 100 * Double(column), y: 300, across: 60, down: 60) }
    field.fill(PixelBox(x: 270, y: 260, width: 120, height: 4), DrawnField.ink)
    field.fill(PixelBox(x: 285, y: 285, width: 10, height: 30), DrawnField.ink)
    field.fill(PixelBox(x: 305, y: 285, width: 10, height: 30), DrawnField.ink)
    var finder = CellFinder()
    let cells = try finder.find(in: field.picture).cells
    #expect(cells.filter { $0.kind == .redCell }.count == 16)
    // The bar and the cell.
    let others = cells.filter { $0.kind == .other }
    #expect(others.count == 2)
    #expect(others.contains { $0.box.overlap(PixelBox(x: 270, y: 270, width: 60, height: 60)) > 0.8 })
  }

  @Test func sameCellsAgain() throws {
    var finder = CellFinder()
    let small = DrawnField.grid(diameter: 24).picture
    let first = try finder.find(in: small)
    _ = try finder.find(in: DrawnField.grid(diameter: 90).picture)
    let again = try finder.find(in: small)
    #expect(first.cells.map(\.box) == again.cells.map(\.box))
    #expect(first.cells.map(\.outline) == again.cells.map(\.outline))
  }

  @Test(arguments: [1, 2, 3, 7, 30]) func tinyOrEmptyPictures(_ side: Int) throws {
    var finder = CellFinder()
    let found = try finder.find(in: Picture(width: side, height: 31 - side))
    #expect(found.cells.isEmpty)
    #expect(found.notes == [.noCells])
  }

  @Test func checksTheSize() throws {
    let field = DrawnField.grid(diameter: 40)
    var finder = CellFinder(CellFinder.Options(pixelSize: 0.18e-6))
    #expect(try finder.find(in: field.picture).notes.isEmpty)
    finder.options.pixelSize = 1e-6
    guard case .unlikelySize(let size)? = try finder.find(in: field.picture).notes.first else {
      Issue.record("no note about cells of 40 micrometres")
      return
    }
    #expect(size > 36 && size < 42)
  }
}
