import Datasets
import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct FieldSynthesizerTests {
  private func synthesizer(_ count: Int = 4, parasitaemia: Double = 0.1, seed: UInt64 = 1) throws -> FieldSynthesizer {
    try FieldSynthesizer(count: count, width: 320, height: 240, parasitaemia: parasitaemia, seed: seed)
  }

  @Test func theSameSeedDrawsTheSameFields() throws {
    let (first, again, other) = (try synthesizer(), try synthesizer(), try synthesizer(seed: 2))
    for index in 0..<4 {
      let field = first.field(index)
      #expect(field.picture == again.field(index).picture && field.picture != other.field(index).picture)
      #expect(field.objects.map { $0.box } == again.field(index).objects.map { $0.box })
    }
  }

  /// Within the outlines the picture is darker in green light than outside.
  @Test func outlinesAreWhereTheCellsAre() throws {
    for index in 0..<4 {
      let (_, _, picture, objects) = try synthesizer().field(index)
      #expect(objects.count > 10)
      func green(_ x: Int, _ y: Int) -> Double { Double(picture.pixels[(y * 320 + x) * 3 + 1]) }
      var (inside, outside) = ([Double](), [Double]())
      for object in objects where object.category == .redCell && object.area > 200 {
        let box = object.box
        let (x, y) = (box.x + box.width / 2, box.y + box.height / 2)
        guard box.x > 12, box.y > 12, box.x + box.width < 308, box.y + box.height < 228 else { continue }
        inside.append(green(Int(x), Int(y)))
        // Just outside the box's corners, where no other object is.
        for (px, py) in [(box.x - 2, box.y - 2), (box.x + box.width + 2, box.y + box.height + 2)] {
          let isFree = objects.allSatisfy { other in
            let b = other.box
            return px < b.x - 2 || px > b.x + b.width + 2 || py < b.y - 2 || py > b.y + b.height + 2
          }
          if isFree { outside.append(green(Int(px), Int(py))) }
        }
      }
      guard inside.count > 3, outside.count > 3 else { continue }
      let (within, beside) = (inside.reduce(0, +) / Double(inside.count), outside.reduce(0, +) / Double(outside.count))
      #expect(within + 10 < beside)
    }
  }

  @Test func theFolderIsWhatTheOtherCommandsRead() throws {
    let folder = try TemporaryFolder()
    let truth = try synthesizer(13).write(to: folder.path)
    #expect(truth.count == 2 && truth.map { $0.fields }.reduce(0, +) == 13)
    let pictures = try FolderListing(folder.path("fields")).entries.map { $0.path }
    #expect(pictures.count == 13)
    let set = try AnnotationSet(folder.path("boxes.json"))
    #expect(set.fieldCount == 13)
    var counts: [String: (red: Int, infected: Int)] = [:]
    for path in pictures {
      let field = try #require(try set.field(of: path))
      let slide = CellFolder.slide(of: URL(filePath: path).lastPathComponent)
      for box in try set.boxes(field, width: 320, height: 240) {
        if box.category == "red blood cell" || box.category == "infected" { counts[slide, default: (0, 0)].red += 1 }
        if box.category == "infected" { counts[slide, default: (0, 0)].infected += 1 }
      }
    }
    for slide in truth {
      #expect(counts[slide.slide]?.red == slide.redCells && counts[slide.slide]?.infected ?? 0 == slide.infected)
    }
    #expect(truth.map { $0.infected }.reduce(0, +) > 0)
    #expect(message { try synthesizer().write(to: folder.path) }.contains("not empty"))
  }

  @Test func withoutParasites() throws {
    let (_, _, _, objects) = try synthesizer(parasitaemia: 0).field(0)
    #expect(!objects.contains { $0.category == .infected })
  }

  @Test func bounds() {
    for (count, width, height, share) in [
      (0, 320, 240, 0.1), (1, 100, 240, 0.1), (1, 320, 9000, 0.1), (1, 320, 240, 0.9),
    ] {
      #expect(throws: DatasetError.self) {
        try FieldSynthesizer(count: count, width: width, height: height, parasitaemia: share, seed: 1)
      }
    }
    #expect(throws: DatasetError.self) {
      try FieldSynthesizer(count: 1, width: 320, height: 240, parasitaemia: .nan, seed: 1)
    }
  }
}
