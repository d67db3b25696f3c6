import Giemsa
import Text

/// `bench MODEL`: measures the time of a run on this machine and the peak memory of the process.
enum BenchCommand {
  static let command = Command(
    name: "bench", arguments: "MODEL",
    summary: """
      Measures the model on random input: the median and the ninetieth percentile of a run, the time to load (read,
      optimise, plan) and of the first run, and the peak memory of the whole process.
      """,
    options: [
      OptionRule(name: "--batch", value: "N", help: "batch size, if the model leaves it open; default 1"),
      OptionRule(name: "--size", value: "HxW", help: "picture size, if the model leaves it open"),
      OptionRule(name: "--seconds", value: "S", help: "how long to measure; default 3"),
      OptionRule(name: "--json", value: nil, help: "print one line of JSON"),
      OptionRule(name: "--profile", value: nil, help: "also print the time spent in each step"),
    ] + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
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
}
