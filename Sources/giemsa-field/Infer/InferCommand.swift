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
    options: [
      OptionRule(name: "--format", value: "FORMAT", help: "table (the default), csv or jsonl"),
      OptionRule(
        name: "--output", value: "FILE",
        help: "write the answers to FILE, which appears when complete; - is standard output"),
      OptionRule(name: "--top", value: "K", help: "only the picture's class and the K - 1 most probable others"),
      OptionRule(name: "--batch", value: "N", help: "batch size; default 1"),
      OptionRule(name: "--size", value: "HxW", help: "input size, if the model does not record it: 224 or 64x48"),
      OptionRule(name: "--mean", value: "R,G,B", help: "of colours from 0 to 1, if the model does not record it"),
      OptionRule(name: "--std", value: "R,G,B", help: "of colours from 0 to 1, if the model does not record it"),
      OptionRule(name: "--classes", value: "A,B,…", help: "class names, if the model does not record them"),
      OptionRule(
        name: "--override", value: nil,
        help: "--size, --mean, --std, --bits and --classes override what the model records"),
    ] + PictureRules.all + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count >= 2 else {
      throw UsageError(message: "wants a MODEL and at least one picture or folder: infer MODEL PATH…")
    }
    let kind: AnswerFormat.Kind
    switch options.string("--format") ?? "table" {
    case "table": kind = .table
    case "csv": kind = .csv
    case "jsonl": kind = .jsonl
    case let other: throw UsageError(message: "--format '\(other)' is not one of table, csv, jsonl")
    }
    var engine = try EngineRules.read(options)
    engine.batch = try options.int("--batch", default: 1, in: 1...4096)
    let top = options.string("--top") == nil ? nil : try options.int("--top", default: 1, in: 1...1_000_000)
    var description = PictureClassifier.Description()
    description.size = try size(options)
    description.mean = try colors(options, "--mean", from: 0)
    description.std = try colors(options, "--std", from: 1e-6)
    description.classes = try classes(options)
    description.bits = try PictureRules.bits(options)
    description.limits = try PictureRules.limits(options)
    description.overrides = options.has("--override")
    description.names = names

    // Problems with the model or the machine give status 1; only the command line itself gives 2.
    do {
      let model = try classifier(path, description, engine)
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

  /// Throws one line that begins with the model's path.
  private static func classifier(
    _ path: String, _ description: PictureClassifier.Description, _ options: Model.Options
  ) throws(UsageError) -> PictureClassifier {
    do {
      return try PictureClassifier(contentsOf: path, description: description, options: options)
    } catch {
      throw UsageError(message: "\(path): \(error)")
    }
  }

  /// What messages about a description call its parts: the options.
  private static var names: PictureClassifier.Description.Names {
    var names = PictureClassifier.Description.Names()
    (names.size, names.mean, names.std, names.classes) = ("--size", "--mean", "--std", "--classes")
    names.bits = "--bits"
    names.toOverride = "add --override"
    return names
  }

  static func complain(_ message: String) { Console.error("giemsa-field: \(message)") }

  private static func split(_ text: String) -> [String] {
    Array(text.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func classes(_ options: CommandLineOptions) throws(UsageError) -> [String]? {
    guard let text = options.string("--classes") else { return nil }
    let names = split(text)
    for (index, name) in names.enumerated() {
      if name.isEmpty { throw UsageError(message: "--classes '\(text)' has an empty name") }
      // Compared by bytes: Unicode-equivalent names are different.
      if names[..<index].contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
        throw UsageError(message: "--classes '\(text)' names '\(name)' twice")
      }
    }
    return names
  }

  /// `224` or `64x48`: height and width.
  private static func size(_ options: CommandLineOptions) throws(UsageError) -> (height: Int, width: Int)? {
    guard let text = options.string("--size") else { return nil }
    let parts = Array(text.utf8).split(separator: UInt8(ascii: "x"), omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    let sides = PictureClassifier.inputSides
    guard parts.count == 1 || parts.count == 2, parts.allSatisfy({ sides.contains($0) }) else {
      throw UsageError(
        message: "--size '\(text)' must be a number of pixels (224) or height x width (64x48), to \(sides.upperBound)")
    }
    return (parts[0], parts[parts.count - 1])
  }

  /// Three numbers, each at least `least`.
  private static func colors(_ options: CommandLineOptions, _ name: String, from least: Double) throws(UsageError)
    -> [Float]?
  {
    guard let text = options.string(name) else { return nil }
    var numbers: [Float] = []
    for part in split(text) {
      if let number = NumberText.parse(part), number >= least, number <= 1000 { numbers.append(Float(number)) }
    }
    guard numbers.count == 3, split(text).count == 3 else {
      throw UsageError(message: "\(name) '\(text)' must be three numbers with commas: 0.485,0.456,0.406")
    }
    return numbers
  }
}
