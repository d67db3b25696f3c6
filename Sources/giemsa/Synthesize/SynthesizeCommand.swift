import ArgumentParser
import Datasets
import Foundation
import Text

struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize",
    abstract: "Draws synthetic cells: a folder to try everything on.",
    discussion: """
      Fills the folders Parasitized and Uninfected in OUT. The same seed draws the same bytes. The cells are drawn, \
      not real: suitable for demos and tests, not for medicine.
      """)

  @Argument(help: "The folder to fill.") var out: String
  @Option(help: "Total number of pictures, half of each class.") var count = 1200
  @Option(help: "Random seed; the same seed draws the same pictures.") var seed: UInt64 = 1
  @Option(help: "Pixels per side.") var size = 96

  func run() throws {
    try reporting {
      let synthesizer = try Synthesizer(count: count, size: size, seed: seed)
      try synthesizer.write(to: out)
      Console.out(
        "\(counted(count, "picture")) of \(size) × \(size) pixels in \(out.printable) "
          + "(\(Synthesizer.classes.joined(separator: ", ")))")
    }
  }
}
