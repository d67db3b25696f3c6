import ArgumentParser
import Foundation
import Text

struct CardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "card",
    abstract: "Tells what a model is: hashes, data, recipe, results, licence.",
    discussion: """
      From the model's file alone, so that the same file gives the same bytes: the card that `giemsa export` stored in \
      it, hashes of the file and its external data, the interface, the training record and how it was quantised. \
      cyclonedx is an ML-BOM of CycloneDX 1.6, whose serial number follows from its content; it has a time only if \
      SOURCE_DATE_EPOCH is set.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case markdown, cyclonedx, json
  }

  @Argument(help: ArgumentHelp("An ONNX file.", valueName: "model")) var model: String
  @Option(help: ArgumentHelp("markdown, cyclonedx or json.", valueName: "format")) var format = Format.markdown
  @Option(help: ArgumentHelp("The licence. Default: the file's entry model_license.", valueName: "name"))
  var license: String?
  @Option(help: ArgumentHelp("A file to write. Default: standard output.", valueName: "file")) var out: String?

  func validate() throws {
    if let license, license.isEmpty { throw ValidationError("--license must not be empty") }
  }

  func run() throws {
    try reporting {
      let facts = try ModelFacts(model, license: license)
      let text: String
      switch format {
      case .markdown: text = CardText.markdown(facts)
      case .cyclonedx: text = CycloneDX.document(facts, date: SourceDate.time)
      case .json: text = CardText.json(facts)
      }
      guard let out else {
        Console.write(text)
        return
      }
      try writeFile(Data(text.utf8), to: out)
      Console.out("\(out): written".printable)
    }
  }
}
