import Giemsa
import Text

/// `infer MODEL PATH…`: classifies pictures.
enum InferCommand {
  static let command = Command(
    name: "infer", arguments: "MODEL PATH…",
    summary: """
      Classifies pictures. A PATH is a picture or a folder, which is searched recursively. Prints the class of each
      picture and the probability of every class, then the number of pictures per class and pictures per second (on
      standard error with csv and jsonl). Pictures that cannot be read, or get scores that are not numbers
      are reported; the others are classified, and the exit status is 1.
      """,
    options: AnswerFormat.Kind.rules + [
      OptionRule(
        name: "--output", value: "FILE",
        help: "write the answers to FILE, which appears when complete; - is standard output"),
      OptionRule(name: "--top", value: "K", help: "only the picture's class and the K - 1 most probable others"),
      OptionRule(name: "--batch", value: "N", help: "batch size; default 1"),
    ] + DescriptionRules.all + PictureRules.all + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count >= 2 else {
      throw UsageError(message: "wants a MODEL and at least one picture or folder: infer MODEL PATH…")
    }
    let kind = try AnswerFormat.Kind(options)
    var engine = try EngineRules.read(options)
    engine.batch = try options.int("--batch", default: 1, in: 1...4096)
    let top = options.string("--top") == nil ? nil : try options.int("--top", default: 1, in: 1...1_000_000)
    let description = try DescriptionRules.read(options)

    // Problems with the model or the machine give status 1; only the command line itself gives 2.
    do {
      let model = try DescriptionRules.classifier(path, description, engine)
      let output = try OutputFile(options.string("--output"))
      var walk = PictureWalk()
      for path in options.positional.dropFirst() { walk.add(path) }
      for problem in walk.problems { complain(problem) }
      let width = kind == .table ? walk.files.reduce(7) { max($0, AnswerFormat.width($1.printable)) } : 0
      let format = AnswerFormat(
        kind: kind, classes: model.classes, decision: model.decision, top: top.map { min($0, model.classes.count) },
        pathWidth: width)
      return try Inferring(model, format, output).answer(walk)
    } catch {
      complain(error.message)
      return 1
    }
  }

  static func complain(_ message: String) { Console.error("giemsa-field: \(message)") }
}
