import Giemsa
import Platform
import Statistics
import Text

/// `count MODEL PATH…`: counts red cells and infected ones in fields of thin blood films.
enum CountCommand {
  static let command = Command(
    name: "count", arguments: "MODEL PATH…",
    summary: """
      Counts the red cells in fields of thin blood films, has the model judge each, and prints the parasitaemia of
      each field and each slide with its 95 % interval. A PATH is a picture of a field or a folder, which is searched
      recursively. The interval covers sampling, the spread between fields and, if the model records its sensitivity and
      specificity, the model's errors. Fields that cannot be read are reported; the others are counted, and the exit
      status is 1. An interrupted count leaves whole lines in its --output.
      """,
    options: CountRules.all + DescriptionRules.all + PictureRules.all + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count >= 2 else {
      throw UsageError(message: "wants a MODEL and at least one field or folder: count MODEL PATH…")
    }
    let kind = try AnswerFormat.Kind(options)
    let slides = try SlideSource(options)
    let output = options.string("--output")
    let resumes = options.has("--resume")
    if resumes, kind != .jsonl || OutputFile.isStandard(output) {
      throw UsageError(message: "--resume needs --format jsonl and --output FILE, the file of the earlier run")
    }
    if let report = options.string("--report"),
      OutputFile.isStandard(report) || output.map({ $0.isExactly(report) }) ?? false
    {
      throw UsageError(message: "--report wants the name of a file of its own: --report count.html")
    }
    var engine = try EngineRules.read(options)
    engine.batch = try options.int("--batch", default: CountRules.usualBatch, in: 1...4096)
    let description = try DescriptionRules.read(options)
    var counting = try CountRules.counter(options)
    // Other output shows nothing of the cells that do not count.
    counting.judgesAll = kind == .jsonl || options.has("--overlay") || options.has("--report")
    var rules = try CountRules.results(options)

    // Problems with the model or the machine give status 1; only the command line itself gives 2.
    do {
      var walk = PictureWalk()
      for path in options.positional.dropFirst() { walk.add(path) }
      let counters = try counters(path, description, engine, counting, fields: walk.files.count)
      let first = counters[0]
      if let rates = first.rates {
        rules.rates = TestRates(
          sensitivity: (rates.sensitivity.hits, rates.sensitivity.count),
          specificity: (rates.specificity.hits, rates.specificity.count))
      }
      let stamp = CountStamp(
        model: path, positive: first.classifier.classes[first.positive], threshold: first.threshold)
      let earlier = resumes ? try EarlierLines(output ?? "", stamp) : EarlierLines()
      let destination = try ResultOutput(output, growsByLines: kind == .jsonl, keep: earlier.byteCount)
      var report: ReportFile?
      if !Version.isForSomeModels, let path = options.string("--report") {
        report = try ReportFile(
          path,
          ReportPage(
            stamp: stamp, rates: rules.rates == nil ? nil : first.rates,
            redCellsPerMicrolitre: rules.redCellsPerMicrolitre))
      }
      let overlays = try options.string("--overlay").map { path throws(UsageError) in try OverlayFolder(path) }
      for problem in walk.problems { InferCommand.complain(problem) }
      let width = kind == .table ? walk.files.reduce(5) { max($0, AnswerFormat.width($1.printable)) } : 0
      var count = Counting(
        CountFormat(kind, pathWidth: width, stamp: stamp), destination, rules, slides, overlays, report,
        stops: options.has("--stop"))
      return try count.run(walk, earlier, counters)
    } catch {
      InferCommand.complain(error.message)
      return 1
    }
  }

  /// A counter for each thread; they share the model's weights. Each counts whole fields; threads beyond the fields' number
  /// share the runs of the model.
  static func counters(
    _ path: String, _ description: PictureClassifier.Description, _ engine: Model.Options,
    _ options: FieldCounter.Options, fields: Int
  ) throws(UsageError) -> [FieldCounter] {
    let count = max(min(engine.threads, fields), 1)
    var engine = engine
    engine.threads = max(engine.threads / count, 1)
    let first = try DescriptionRules.classifier(path, description, engine)
    do {
      var counters = [try FieldCounter(first, options)]
      while counters.count < count {
        counters.append(
          try FieldCounter(try PictureClassifier(first.model, description: description), options))
      }
      return counters
    } catch {
      throw UsageError(message: "\(path): \(error)")
    }
  }
}
