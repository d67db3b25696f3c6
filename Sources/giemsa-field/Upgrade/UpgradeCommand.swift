import Giemsa
import Text

/// `upgrade MODEL --opset N --out FILE`: the same graph for another opset, tried before it is written.
enum UpgradeCommand {
  static let command = Command(
    name: "upgrade", arguments: "MODEL",
    summary: """
      Writes the model for another opset, 7 to 28, newer or older, with external data embedded. Both are run on random
      inputs, or on stored cases, and what does not agree (as verify has it) is not written.
      """,
    options: [
      OptionRule(name: "--opset", value: "N", help: "7 to 28; default: 21"),
      OptionRule(name: "--out", value: "FILE", help: "the file to write"),
    ] + AnswerComparison.rules + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count == 1 else {
      throw UsageError(message: "wants one model")
    }
    guard let target = options.string("--out") else { throw UsageError(message: "wants --out FILE") }
    let opset = try options.int("--opset", default: 21, in: 7...28)
    let limits = try LimitRules.read(options)
    var tried = try AnswerComparison(options)
    do throws(GraphError) {
      let model = try ReadModel(contentsOf: path, limits: limits)
      try Upgrade.write(model, to: target, opset: opset, limits: limits) { written throws(GraphError) in
        do throws(ChangeProblem) {
          try tried.run(model, written)
        } catch {
          let advice = options.has("--cases") ? "" : "; give inputs that it takes with --cases"
          throw GraphError(
            error.error?.code ?? .unreadable,
            "not written, since it cannot be tried: \(error.error?.message ?? error.message)\(advice)")
        }
        guard tried.agrees else {
          let errors = tried.outputs.map { "\($0.name) by \(Comparison.brief($0.largest))" }
          throw GraphError(.shapeMismatch, "not written: it answers otherwise (\(errors.joined(separator: ", ")))")
        }
      }
    } catch {
      Console.error("\(path): \(error)")
      return 1
    }
    let same = tried.isIdentical ? "the same, bit for bit" : "the same within the tolerance"
    Console.out("\(target): opset \(opset); on \(counted(tried.inputCount, "input")) \(same)".printable)
    return 0
  }
}
