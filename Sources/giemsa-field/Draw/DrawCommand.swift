import Giemsa
import Text

/// `draw MODEL --out FILE`: a picture of the graph.
enum DrawCommand {
  static let command = Command(
    name: "draw", arguments: "MODEL",
    summary: """
      Draws the graph as SVG: a box for each node with its operator and the shape of its output. Blocks of nodes that follow
      each other and are alike are drawn once, with their number.
      """,
    options: [
      OptionRule(name: "--out", value: "FILE", help: "the SVG file to write; - is standard output"),
      OptionRule(name: "--as-run", value: nil, help: "as the optimiser leaves it, instead of as in the file"),
      OptionRule(name: "--whole", value: nil, help: "draw every block"),
    ] + LimitRules.all, run: run)

  /// A browser shows no more.
  private static let mostBoxes = 20_000

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count == 1 else {
      throw UsageError(message: "wants one model")
    }
    guard let target = options.string("--out") else { throw UsageError(message: "wants --out FILE") }
    let limits = try LimitRules.read(options)
    do throws(GraphError) {
      let picture = try GraphPicture(contentsOf: path, isAsRun: options.has("--as-run"), limits: limits)
      let graph = FoldedGraph(picture, folds: !options.has("--whole"))
      guard graph.boxes.count <= mostBoxes else {
        throw GraphError(.overLimit, "has \(graph.boxes.count) nodes; up to \(mostBoxes) are drawn")
      }
      let file: OutputFile
      do throws(UsageError) {
        file = try OutputFile(target)
        file.write(GraphDrawing(graph).svg)
        try file.finish()
      } catch {
        Console.error("giemsa-field draw: \(error.message)")
        return 1
      }
      return 0
    } catch {
      Console.error("\(path): \(error)")
      return 1
    }
  }
}
