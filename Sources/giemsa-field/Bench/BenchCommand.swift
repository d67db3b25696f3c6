import Giemsa
import Text

/// `bench MODEL`: measures the time of a run on this machine and the peak memory of the process.
enum BenchCommand {
  static let command = Command(
    name: "bench", arguments: "MODEL [FIELD…]",
    summary: """
      Measures the model on random input: the median and the ninetieth percentile of a run, the time to load (read,
      optimise, plan) and of the first run, and the peak memory of the whole process. With --count and fields, or
      folders of them, measures how long it takes to count them, from loading the model to the numbers.
      """,
    options: [
      OptionRule(name: "--batch", value: "N", help: "batch size, if the model leaves it open; default 1"),
      OptionRule(name: "--size", value: "HxW", help: "picture size, if the model leaves it open"),
      OptionRule(name: "--seconds", value: "S", help: "how long to measure; default 3"),
      OptionRule(name: "--json", value: nil, help: "print one line of JSON"),
      OptionRule(name: "--profile", value: nil, help: "also print the time spent in each step"),
      OptionRule(
        name: "--count", value: nil, help: "count the FIELDs' cells once, and tell the time of each part",
        isForWholeProgram: true),
    ] + CountRules.all.filter { $0.name == "--positive" || $0.name == "--cell" } + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    if !Version.isForSomeModels, options.has("--count") { return try count(options) }
    guard let path = options.positional.first, options.positional.count == 1 else {
      throw UsageError(message: "wants one model: giemsa-field bench MODEL")
    }
    var engine = try EngineRules.read(options)
    engine.measuresSteps = options.has("--profile")
    engine.batch = try options.int("--batch", default: 1, in: 1...4096)
    let seconds = try options.double("--seconds", default: 3, in: 0...3600)
    engine.pictureSize = try options.pictureSize()
    do {
      let measurement = try Benchmark.measure(path, engine, seconds: seconds)
      if options.has("--json") {
        Console.out(measurement.json)
      } else {
        Console.out(measurement.table)
        if options.has("--profile") { Console.out("\n" + measurement.profileTable) }
      }
      return 0
    } catch {
      Console.error("\(path): \(error)")
      return 1
    }
  }

  private static func count(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count > 1 else {
      throw UsageError(message: "--count wants fields too: giemsa-field bench MODEL FIELD… --count")
    }
    for name in ["--size", "--seconds", "--profile"] where options.has(name) {
      throw UsageError(message: "\(name) does not go with --count")
    }
    var engine = try EngineRules.read(options)
    engine.batch = try options.int("--batch", default: CountRules.usualBatch, in: 1...4096)
    var counting = try CountRules.counter(options)
    counting.judgesAll = false
    var walk = PictureWalk()
    for path in options.positional.dropFirst() { walk.add(path) }
    for problem in walk.problems { InferCommand.complain(problem) }
    do {
      let result = try CountBenchmark.measure(path, walk.files, engine, counting)
      Console.out(options.has("--json") ? result.json : result.table)
      return result.failures + walk.problems.count == 0 ? 0 : 1
    } catch {
      InferCommand.complain(error.message)
      return 1
    }
  }
}
