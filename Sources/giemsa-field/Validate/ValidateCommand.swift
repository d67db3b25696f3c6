import Giemsa
import Platform
import Text

/// `validate MODEL…`: every problem of each model.
enum ValidateCommand {
  static let command = Command(
    name: "validate", arguments: "MODEL…",
    summary: """
      Finds every problem of each model, one line each with a stable code (docs/CODES.md): E1xx the file, E2xx the
      graph, W3xx warnings, E4xx budgets. A MODEL may be a folder, of which it takes all .onnx files, or a pattern with
      *, ? and **.
      """,
    options: [
      ReportFormat.rule, OptionRule(name: "--json", value: nil, help: "the same as --format json"),
      OptionRule(name: "--threads", value: "N", help: "models at a time; default: as many as processors"),
    ] + Judgement.rules + BudgetRules.all + [TrustRules.rule],
    statuses: """
      Exit status: 0 every model is valid (there may be warnings); 1 there is an error, or the output cannot be written;
      2 the command line is wrong, or a model cannot be read (E101), or a folder or pattern names none.
      """,
    run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard !options.positional.isEmpty else { throw UsageError(message: "wants a model") }
    let format = try ReportFormat(options)
    let judgement = try Judgement(options)
    let (budgets, memory) = try BudgetRules.read(options)
    var trusting = Limits.standard
    trusting.signers = try TrustRules.signers(options)
    trusting.memoryBytes = max(trusting.memoryBytes, memory ?? 0)
    let limits = trusting
    // What of the program a run needs besides.
    let programBytes = Int(platform_peak_rss_kib()) << 10 + programRunBytes
    var files = ModelFiles()
    for argument in options.positional { files.add(argument) }
    let paths = files.paths
    let threads = min(try options.int("--threads", default: Processor.count, in: 1...1024), max(paths.count, 1))

    let maker = { (index: Int) -> FileReport in
      let path = paths[index]
      let findings = Validator.findings(path: path, limits: limits, budgets: budgets)
      var overMemory: Finding?
      if !Version.isForSomeModels, let memory, findings.errorCount == 0 {
        overMemory = PlannedMemory.finding(path, limits: limits, budget: memory, programBytes: programBytes)
      }
      return FileReport(path, findings, judgement, overMemory)
    }
    let queue = OrderedQueue(
      count: paths.count, ahead: 2 * threads, makers: [(Int) -> FileReport](repeating: maker, count: threads),
      usesThreads: threads > 1)
    var totals = ReportTotals()
    var parts: [String] = []
    while !Console.isBroken, let (_, report) = queue.next() {
      totals.add(report)
      let text = format.text(report)
      if format.isWhole { parts.append(text) } else { Console.out(text) }
    }
    for problem in files.problems {
      Console.error("giemsa-field validate: \(problem)")
      totals.addUnreadable()
    }
    let status: Int32 = totals.isUnreadable ? 2 : totals.hasErrors ? 1 : 0
    if let end = format.end(parts, totals, status: status) { Console.out(end) }
    return status
  }

  /// Code and stacks that a run touches, and the program has not when it starts.
  private static let programRunBytes = 13 << 18
}
