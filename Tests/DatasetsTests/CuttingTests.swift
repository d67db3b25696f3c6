import Datasets
import Foundation
import Imaging
import PictureModels
import Smears
import TestSupport
import Testing

/// Cells cut out of drawn fields, and single cells brought to the same form.
@Suite struct CuttingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func drawn(_ count: Int = 3) throws -> (paths: [String], boxes: AnnotationSet) {
    let synthesizer = try FieldSynthesizer(count: count, width: 640, height: 480, parasitaemia: 0.2, seed: 3)
    try synthesizer.write(to: folder.path("drawn"))
    return (
      try FolderListing(folder.path("drawn/fields")).entries.map { $0.path },
      try AnnotationSet(folder.path("drawn/boxes.json"))
    )
  }

  private func files(_ path: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for entry in try FolderListing(path).entries {
      for file in entry.isFolder ? try FolderListing(entry.path).entries : [entry] {
        files["\(entry.name)/\(file.name)"] = try Data(contentsOf: URL(filePath: file.path))
      }
    }
    return files
  }

  @Test func namesCarrySlideAndField() {
    let named = FieldNames.named(
      ["f/S1_IMG_7.jpg", "f/P2/a.jpg", "f/P2/left/a.jpg", "f/a.jpg", "f/a.png", "f/_IMG_1.png"], in: "f")
    #expect(named.map { $0.name } == ["S1_IMG_7", "P2_IMG_a", "P2-left_IMG_a", "a", "a-2", "IMG_1"])
    let slides = named.map { CellFolder.slide(of: "\($0.name)_cell_1.png") }
    #expect(slides == ["S1", "P2", "P2-left", "a", "a-2", "IMG_1"])
    #expect(FieldNames.named(["./f//P/x.tif"], in: "./f/").map { $0.name } == ["P_IMG_x"])
    #expect(FieldNames.named(["f/x.tif"], in: "f/x.tif").map { $0.name } == ["x"])
  }

  @Test(arguments: [CellCut(margin: 0.15), CellCut(surroundings: .black)])
  func cellsOfDrawnFieldsTakeTheClassesOfTheirBoxes(_ cut: CellCut) throws {
    let (paths, boxes) = try drawn()
    let classes = try CategoryClasses(["infected", "uninfected=red blood cell"])
    let source = FieldCutter(
      FieldNames.named(paths, in: folder.path), cut, PictureOptions(), annotations: (boxes, classes))
    var first: [String: Data]?
    for threads in [1, 3] {
      let out = folder.path("cut-\(threads)")
      let result = try CutFolder(out, cut).fill(from: source, threads: threads)
      let tally = result.tally
      #expect(result.problems.isEmpty && result.unknown.isEmpty && tally.pictures == 3)
      // Every box of a class is cut, whether found or not.
      #expect(result.written == tally.boxes && tally.boxes[0] > 0 && tally.boxes[1] > 40)
      #expect(tally.boxes[0] + tally.boxes[1] + tally.leftOut.values.reduce(0, +) == boxes.boxCount)
      #expect(try #require(tally.f1) > 0.8, "\(tally)")
      let cells = try CellFolder(out)
      #expect(cells.cut == cut && cells.classes == ["infected", "uninfected"] && cells.counts == tally.boxes)
      #expect(cells.items.allSatisfy { $0.slide.hasPrefix("S3-0") })
      let table = try String(contentsOfFile: "\(out)/cells.csv", encoding: .utf8)
      let lines = table.split(separator: "\n")
      #expect(lines.count == 1 + cells.items.count)
      #expect(lines.count { $0.hasSuffix(",1") } == tally.allMatched)
      for item in cells.items {
        let picture = try PictureFile(item.path).picture
        if cut.surroundings == .real { #expect(picture.width == picture.height) }
      }
      let written = try files(out)
      if let first { #expect(first == written) } else { first = written }
    }
  }

  @Test func withoutBoxesTheKindIsTheClass() throws {
    let (paths, _) = try drawn(1)
    let source = FieldCutter(
      FieldNames.named(paths, in: folder.path), CellCut(), PictureOptions(), annotations: nil)
    let result = try CutFolder(folder.path("cut"), CellCut()).fill(from: source, threads: 1)
    #expect(source.classes == ["red cell", "white cell", "platelet"] && result.written[0] > 10)
    #expect(result.written[0] == result.tally.found)
  }

  @Test func oneBadFieldDoesNotStopTheOthers() throws {
    let (paths, boxes) = try drawn(2)
    try Data("no picture".utf8).write(to: URL(filePath: folder.path("drawn/fields/S3-01_IMG_001.png")))
    try folder.write("drawn/fields/unknown.png", noise(1))
    let all = paths + [folder.path("drawn/fields/unknown.png")]
    let source = FieldCutter(
      FieldNames.named(all, in: folder.path), CellCut(), PictureOptions(),
      annotations: (boxes, try CategoryClasses(everyCategoryOf: boxes)))
    let result = try CutFolder(folder.path("cut"), CellCut()).fill(from: source, threads: 2)
    #expect(result.problems.count == 1 && result.problems[0].contains("S3-01_IMG_001.png"), "\(result.problems)")
    #expect(result.unknown == [folder.path("drawn/fields/unknown.png")] && result.tally.pictures == 1)
    #expect(message { _ = try CutFolder(folder.path("cut"), CellCut()) }.contains("not empty"))
  }

  /// A box where nothing is: it is cut as an ellipse.
  @Test func boxesThatNothingFoundAreCut() throws {
    try folder.write("a.png", Picture(width: 40, height: 30, pixels: [UInt8](repeating: 200, count: 40 * 30 * 3)))
    try folder.write(Array("file,label,x,y,w,h\na.png,ring,10.5,5,10,8\n".utf8), to: "boxes.csv")
    let boxes = try AnnotationSet(folder.path("boxes.csv"))
    let source = FieldCutter(
      [(folder.path("a.png"), "a")], CellCut(surroundings: .black), PictureOptions(),
      annotations: (boxes, try CategoryClasses(everyCategoryOf: boxes)))
    var finder = CellFinder()
    let picture = try #require(try source.cells(0, &finder))
    let cell = try #require(picture.cells.first)
    #expect(!cell.isFound && cell.box == PixelBox(x: 10, y: 5, width: 11, height: 8) && picture.tally.f1 == 0)
    #expect(cell.picture.width == 11 && cell.picture.height == 8)
    let lit = (0..<88).count { cell.picture.pixels[3 * $0] == 200 }
    #expect(cell.picture.pixels[0] == 0 && abs(Double(lit) - 88 * Double.pi / 4) < 5)
  }

  @Test func singleCellsAreCutAnew() throws {
    for (name, count) in [("Parasitized", 2), ("Uninfected", 1), ("Unclear", 1)] {
      _ = try folder.folder("nih/\(name)")
      for index in 0..<count {
        var picture = Picture(width: 20, height: 16)
        for y in 4..<12 { for x in 3..<13 { picture.pixels[(y * 20 + x) * 3] = UInt8(100 + index) } }
        try folder.write("nih/\(name)/S\(index)_IMG_1_cell_\(index).png", picture)
      }
    }
    try folder.write("nih/Uninfected/full.png", noise(4))
    let cells = try CellFolder(folder.path("nih"))
    let cut = CellCut(margin: 0.2, surroundings: .black)
    let source = try SingleCells(
      cells, cut, PictureOptions(), classes: try CategoryClasses(["infected=Parasitized", "uninfected=Uninfected"]))
    let result = try CutFolder(folder.path("cut"), cut).fill(from: source, threads: 2)
    #expect(
      result.written == [2, 1] && result.problems.count == 1 && result.problems[0].contains("not a cell on black"))
    let picture = try PictureFile(folder.path("cut/infected/S1_IMG_1_cell_1.png")).picture
    #expect(picture.width == 14 && picture.height == 12)
    for y in 0..<12 {
      for x in 0..<14 {
        let isCell = (2..<12).contains(x) && (2..<10).contains(y)
        #expect(picture.pixels[(y * 14 + x) * 3] == (isCell ? 101 : 0))
      }
    }
    // Names that are in two of the joined folders.
    #expect(FileManager.default.fileExists(atPath: folder.path("cut/uninfected/S0_IMG_1_cell_0-2.png")))
    #expect(message { _ = try SingleCells(cells, CellCut(), PictureOptions(), classes: nil) }.contains("is lost"))
  }
}
