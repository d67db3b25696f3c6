import Giemsa
import Platform
import Text

/// `compare OLD NEW`: what changed between two models, and how much it matters.
enum CompareCommand {
  static let command = Command(
    name: "compare", arguments: "OLD NEW",
    summary: """
      Shows what changed from one model to another: interface, metadata, nodes (matched by what they do), weights, size
      and cost, and what both answer: to stored cases, to pictures, or else to random inputs. An output agrees as verify
      has it.
      """,
    options: [
      OptionRule(name: "--pictures", value: "PATH", help: "pictures or folders of them; may be given several times"),
      OptionRule(
        name: "--agreement", value: "SHARE",
        help: "what counts instead of tolerances: the share of inputs (or pictures) with the same class, as 0.99"),
      OptionRule(name: "--speed", value: "SECONDS", help: "also measure both, run by run in turn, for so long"),
      OptionRule(name: "--format", value: "HOW", help: "text (default), json or markdown"),
    ] + AnswerComparison.rules + EngineRules.all,
    statuses: """
      Exit status: 0 the files hold the same bytes; 10 the same answers, bit for bit; 11 the same within the tolerance; 12
      different answers; 13 another interface: inputs, outputs, or metadata that prepare pictures or name classes. 1 a
      model or an input cannot be read or run; 2 the command line is wrong.
      """,
    run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard options.positional.count == 2 else { throw UsageError(message: "wants two models: OLD NEW") }
    let format = options.string("--format") ?? "text"
    guard ["text", "json", "markdown"].contains(format) else {
      throw UsageError(message: "--format '\(format)' is not one of text, json, markdown")
    }
    let answers = try AnswerComparison(options)
    var report = ChangeReport()
    do throws(ChangeProblem) {
      let models = try options.positional.map { path throws(ChangeProblem) in
        do throws(GraphError) {
          return try ReadModel(contentsOf: path, limits: answers.limits)
        } catch {
          throw ChangeProblem(path, error)
        }
      }
      try report.compare(models[0], models[1], answers)
    } catch {
      Console.error(error.message)
      return 1
    }
    switch format {
    case "json": Console.out(report.json)
    case "markdown": Console.out(report.markdown)
    default: Console.out(report.text)
    }
    return report.status
  }
}

/// Why a comparison cannot be made, in one line.
struct ChangeProblem: Error {
  let message: String
  /// nil if it is about a picture.
  let error: GraphError?

  init(_ place: String, _ error: GraphError) {
    message = "\(place): \(error)"
    self.error = error
  }

  init(_ message: String) {
    self.message = message
    error = nil
  }
}
