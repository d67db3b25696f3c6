import ArgumentParser
import Datasets
import Foundation
import Text

struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize",
    abstract: "Draws made-up cells: a folder to try everything on.",
    discussion: """
      OUT gets the folders Parasitized and Uninfected. The same seed draws the same bytes. The cells are drawn, not \
      real: fit for a demo and for tests, not for medicine.
      """)

  @Argument(help: "The folder to fill.") var out: String
  @Option(help: "Pictures in all, half of each class.") var count = 1200
  @Option(help: "Repeats the same pictures.") var seed: UInt64 = 1
  @Option(help: "Pixels a side.") var size = 96

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
