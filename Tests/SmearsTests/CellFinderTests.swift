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

  @Test func countsInTheFrame() throws {
    var field = DrawnField.grid(diameter: 60)
    field.draw(x: 0, y: 200, across: 60, down: 60)
    var finder = CellFinder()
    let found = try finder.find(in: field.picture)
    #expect(found.cells.count == 49)
    for cell in found.cells { #expect(!(cell.isCut && cell.counted)) }
    // The frame starts one and a half diameters from the left and from the top: the first row and column end before it.
    #expect(found.counted(.redCell) == 35)
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
