import Foundation
import Imaging
import Text

/// Drawn fields of thin films, with the exact outline of every cell, for demos and tests: touching and overlapping red
/// cells, white cells, platelets, dirt, uneven light, a round field of view, a scale bar.
///
/// OUT/fields has the pictures, whose names show their slides (`S1-03_IMG_017.png`); OUT/boxes.json has the boxes and
/// outlines (COCO); OUT/truth.csv has the number of red and of infected cells of each slide.
public struct FieldSynthesizer: Sendable {
  public let count: Int
  public let width: Int
  public let height: Int
  public let seed: UInt64
  private let styles: [FilmStyle]

  /// - Parameters:
  ///   - count: number of fields, 1 to 100,000.
  ///   - width, height: pixels of a field, 160 to 8,192.
  ///   - parasitaemia: mean fraction of infected red cells, 0 to 0.5; slides have between a third and three times as
  ///     much, and every fourth has none.
  public init(count: Int, width: Int, height: Int, parasitaemia: Double, seed: UInt64) throws {
    guard (1...100_000).contains(count) else {
      throw DatasetError("\(count) fields: the number must be from 1 to 100000")
    }
    guard (160...8192).contains(width), (160...8192).contains(height) else {
      throw DatasetError("\(width) × \(height) pixels: the sides of a field must be from 160 to 8192")
    }
    guard parasitaemia >= 0, parasitaemia <= 0.5 else {
      throw DatasetError("a parasitaemia of \(NumberText.shortest(parasitaemia * 100)) %: it must be from 0 to 50")
    }
    (self.count, self.width, self.height, self.seed) = (count, width, height, seed)
    styles = (0..<min(max(count / 6, 1), 200)).map { slide in
      var random = RandomSource(seed: seed ^ 0xF1E1D, stream: UInt64(slide))
      let factor = exp(random.uniform(-1.1...1.1)) / 1.2
      return FilmStyle(
        height: height, parasitaemia: slide % 4 == 3 ? 0 : min(parasitaemia * factor, 0.6), random: &random)
    }
  }

  /// The number of slides.
  public var slides: Int { styles.count }

  /// A field's slide, its file's name, the picture and its objects.
  public func field(_ index: Int) -> (slide: Int, file: String, picture: Picture, objects: [DrawnObject]) {
    let slide = index * styles.count / count
    var painter = FieldPainter(
      width: width, height: height, style: styles[slide],
      random: RandomSource(seed: seed ^ 0xF1E1D, stream: 1 << 32 | UInt64(index)))
    let (picture, objects) = painter.paint()
    return (slide, "\(name(slide))_IMG_\(Self.padded(index + 1, 3)).png", picture, objects)
  }

  private func name(_ slide: Int) -> String { "S\(seed)-\(Self.padded(slide + 1, 2))" }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    String(repeating: "0", count: max(0, digits - "\(number)".count)) + "\(number)"
  }

  /// Red cells and infected ones of a slide.
  public struct Truth: Sendable, Equatable {
    public var slide: String
    public var fields = 0
    public var redCells = 0
    public var infected = 0
  }

  /// Draws all fields below `folder`, in which `fields` must be empty so that sets do not mix.
  @discardableResult
  public func write(to folder: String, progress: @Sendable (Int) -> Void = { _ in }) throws -> [Truth] {
    let target = "\(folder)/fields"
    try makeEmptyFolder(target, in: folder)
    let fields = try writeDrawnPictures(count, progress: progress) { index in
      let (slide, file, picture, objects) = field(index)
      return ("\(target)/\(file)", picture, DrawnField(slide: slide, file: file, objects: objects))
    }
    var truth = styles.indices.map { Truth(slide: name($0)) }
    for field in fields {
      truth[field.slide].fields += 1
      truth[field.slide].redCells += field.objects.count { $0.category == .redCell || $0.category == .infected }
      truth[field.slide].infected += field.objects.count { $0.category == .infected }
    }
    var table = "slide,fields,red_cells,infected\n"
    for line in truth { table += "\(line.slide),\(line.fields),\(line.redCells),\(line.infected)\n" }
    do {
      try Data(table.utf8).write(to: URL(filePath: "\(folder)/truth.csv"))
      try Data(coco(fields).utf8).write(to: URL(filePath: "\(folder)/boxes.json"))
    } catch {
      throw DatasetError("\(folder): cannot be written to")
    }
    return truth
  }

  /// COCO's JSON, a line per picture and per object.
  private func coco(_ fields: [DrawnField]) -> String {
    let categories = DrawnObject.Category.allCases
    var text = "{\"images\": ["
    for (index, field) in fields.enumerated() {
      text += index > 0 ? ",\n" : "\n"
      text += "{\"id\": \(index + 1), \"file_name\": \(JSONText.quoted(field.file)), \"width\": \(width), "
      text += "\"height\": \(height)}"
    }
    text += "],\n\"categories\": ["
    for (index, category) in categories.enumerated() {
      text += index > 0 ? ", " : ""
      text += "{\"id\": \(index + 1), \"name\": \(JSONText.quoted(category.rawValue))}"
    }
    text += "],\n\"annotations\": ["
    var number = 0
    for (index, field) in fields.enumerated() {
      for object in field.objects {
        text += number > 0 ? ",\n" : "\n"
        number += 1
        func list(_ numbers: [Double]) -> String {
          "[" + numbers.map { NumberText.fixed($0, 2) }.joined(separator: ", ") + "]"
        }
        let box = object.box
        text += "{\"id\": \(number), \"image_id\": \(index + 1), "
        text += "\"category_id\": \((categories.firstIndex(of: object.category) ?? 0) + 1), "
        text += "\"bbox\": \(list([box.x, box.y, box.width, box.height])), "
        text += "\"area\": \(NumberText.fixed(object.area, 1)), \"iscrowd\": 0, "
        text += "\"segmentation\": [\(list(object.outline.flatMap { [$0.x, $0.y] }))]}"
      }
    }
    return text + "]}\n"
  }
}

/// What is kept of a field that was written.
private struct DrawnField {
  let slide: Int
  let file: String
  let objects: [DrawnObject]
}
