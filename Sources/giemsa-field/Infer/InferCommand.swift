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
      are reported; the others are classified, and the exit status is 1. With --watch, folders are searched every second
      until Ctrl-C or SIGTERM, and a picture is answered once its file is whole, which does not change any more.
      """,
    options: AnswerFormat.Kind.rules + [
      OptionRule(
        name: "--output", value: "FILE",
        help: "write the answers to FILE, which appears when complete; - is standard output"),
      OptionRule(
        name: "--watch", value: nil,
        help: "classify pictures as they appear in the folders, until Ctrl-C or SIGTERM; FILE grows line by line"),
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
    let watches = options.has("--watch")
    let paths = Array(options.positional.dropFirst())

    // Problems with the model or the machine give status 1; only the command line itself gives 2.
    do {
      if watches {
        for path in paths { try checkFolder(path) }
      }
      let model = try DescriptionRules.classifier(path, description, engine)
      let output = try ResultOutput(options.string("--output"), growsByLines: watches)
      var walk = PictureWalk()
      // A watch looks for itself; the table is as wide as what is there now.
      if !watches || kind == .table { for path in paths { walk.add(path) } }
      let width = kind == .table ? walk.files.reduce(7) { max($0, AnswerFormat.width($1.printable)) } : 0
      let format = AnswerFormat(
        kind: kind, classes: model.classes, decision: model.decision, top: top.map { min($0, model.classes.count) },
        pathWidth: width)
      let inferring = Inferring(model, format, output)
      if watches { return try inferring.answer(FolderWatch(paths)) }
      for problem in walk.problems { complain(problem) }
      return try inferring.answer(walk)
    } catch {
      complain(error.message)
      return 1
    }
  }

  private static func checkFolder(_ path: String) throws(UsageError) {
    switch FileKind(path) {
    case .folder: return
    case .unreadable(let reason): throw UsageError(message: "\(path): \(reason)")
    case .file, .other: throw UsageError(message: "\(path): not a folder, which --watch wants")
    }
  }

  static func complain(_ message: String) { Console.error("giemsa-field: \(message)") }
}
