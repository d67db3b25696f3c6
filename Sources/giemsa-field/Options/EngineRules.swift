import Giemsa
import Text

/// The options common to all commands that run a model.
enum EngineRules {
  static let all =
    [
      OptionRule(name: "--threads", value: "N", help: "threads per run; default 1"),
      OptionRule(
        name: "--memory", value: "HOW",
        help: "memory for weights: small, balanced (about 1.5 times as much; the default) or fast"),
      OptionRule(
        name: "--exact", value: nil,
        help: "no Winograd convolutions and no JPEG at a fraction: smaller rounding errors, slower"),
      OptionRule(
        name: "--precision", value: "HOW",
        help: "what float layers are multiplied in: float (the default), or bf16 where the processor is faster with it"),
    ] + LimitRules.all

  static func read(_ options: CommandLineOptions) throws(UsageError) -> Model.Options {
    let threads = try options.int("--threads", default: 1, in: 1...1024)
    if threads > Processor.count {
      let count = Processor.count
      Console.error(
        "giemsa-field: note: --threads \(threads) on \(count) \(count == 1 ? "processor" : "processors"): more threads than "
          + "processors wait for each other")
    }
    var engine = Model.Options()
    engine.threads = threads
    engine.exact = options.has("--exact")
    engine.limits = try LimitRules.read(options)
    switch options.string("--memory") ?? "balanced" {
    case "small": engine.memory = .small
    case "balanced": engine.memory = .balanced
    case "fast": engine.memory = .fast
    case let other: throw UsageError(message: "--memory '\(other)' is not one of small, balanced, fast")
    }
    switch options.string("--precision") ?? "float" {
    case "float": engine.precision = .float
    case "bf16": engine.precision = .bfloat16
    case let other: throw UsageError(message: "--precision '\(other)' is not one of float, bf16")
    }
    return engine
  }
}
