import ArgumentParser
import Datasets
import Foundation
import Text

struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize",
    abstract: "Draws synthetic cells, or whole fields of thin films: a folder to try everything on.",
    discussion: """
      Fills the folders Parasitized and Uninfected in OUT. With --fields, draws whole fields into OUT/fields: touching \
      and overlapping cells, white cells, platelets, dirt, uneven light. OUT/boxes.json then has the exact outlines \
      (COCO), OUT/truth.csv the number of red and of infected cells of each slide. The same seed draws the same bytes. \
      The cells are drawn, not real: suitable for demos and tests, not for medicine.
      """)

  @Argument(help: "The folder to fill.") var out: String
  @Option(help: "Total number of pictures, half of each class. Default: 1200.") var count: Int?
  @Option(help: "Random seed; the same seed draws the same pictures.") var seed: UInt64 = 1
  @Option(help: "Pixels per side. Default: 96.") var size: Int?
  @Option(help: "Draw this many whole fields instead of single cells.") var fields: Int?
  @Option(
    help: ArgumentHelp("With --fields: pixels of a field. Default: 1280x960.", valueName: "width x height"),
    transform: { try FieldSize($0) })
  var fieldSize: FieldSize?
  @Option(help: "With --fields: mean percentage of infected red cells; slides differ. Default: 3.")
  var parasitaemia: Double?

  func validate() throws {
    if fields != nil {
      guard count == nil, size == nil else {
        throw ValidationError("--count and --size are for single cells; with --fields give --field-size")
      }
    } else {
      guard fieldSize == nil, parasitaemia == nil else {
        throw ValidationError("--field-size and --parasitaemia go with --fields")
      }
    }
  }

  func run() throws {
    try reporting {
      if let fields { return try drawFields(fields) }
      let synthesizer = try Synthesizer(count: count ?? 1200, size: size ?? 96, seed: seed)
      try synthesizer.write(to: out)
      Console.out(
        "\(counted(synthesizer.count, "picture")) of \(synthesizer.size) × \(synthesizer.size) pixels in "
          + "\(out.printable) (\(Synthesizer.classes.joined(separator: ", ")))")
    }
  }

  private func drawFields(_ count: Int) throws {
    let size = fieldSize ?? FieldSize.usual
    let synthesizer = try FieldSynthesizer(
      count: count, width: size.width, height: size.height, parasitaemia: (parasitaemia ?? 3) / 100, seed: seed)
    let line = StageProgress()
    defer { line.erase() }
    let truth = try synthesizer.write(to: out) { line.update("drawing fields", $0, count) }
    line.erase()
    for slide in truth {
      let share = slide.redCells == 0 ? 0 : Double(slide.infected) / Double(slide.redCells) * 100
      Console.out(
        "\(slide.slide): \(counted(slide.fields, "field")), \(counted(slide.redCells, "red cell")), "
          + "\(slide.infected) infected (\(NumberText.fixed(share, 2)) %)")
    }
    Console.out(
      "\(counted(count, "field")) of \(size.width) × \(size.height) pixels in \(out.printable)/fields; "
        + "outlines in \(out.printable)/boxes.json")
  }
}

/// `1280x960`: pixels.
struct FieldSize {
  static let usual = FieldSize(width: 1280, height: 960)

  let width: Int
  let height: Int

  private init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

  init(_ argument: String) throws {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1] else {
      throw ValidationError("'\(argument)' must be width x height in pixels, such as 1280x960")
    }
    self.init(width: width, height: height)
  }
}
