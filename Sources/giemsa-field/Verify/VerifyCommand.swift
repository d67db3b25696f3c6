import Giemsa
import Text

/// `verify MODEL CASE_DIR…`: checks that this machine computes what another one has computed.
enum VerifyCommand {
  static let command = Command(
    name: "verify", arguments: "MODEL CASE_DIR…",
    summary: """
      Runs the model on stored inputs and compares with stored outputs. A CASE_DIR holds input_0.pb, output_0.pb and so
      on (one tensor each, ONNX's convention for test data), or folders that do, as giemsa export --cases makes them. An
      element agrees if |found - expected| <= A + R * |expected|, as numpy.testing.assert_allclose has it; whole numbers must be
      equal. For rows of scores the line also says whether their class is the same. Exit status 1 on a mismatch.
      """,
    options: [
      OptionRule(
        name: "--rtol", value: "R", help: "relative tolerance; default 0.001, for float16 0.01, for bfloat16 0.05"),
      OptionRule(
        name: "--atol", value: "A",
        help: "absolute tolerance; default R / 10 times the root mean square of the expected output, at least 1e-07"),
      OptionRule(name: "--json", value: nil, help: "print one JSON object per output"),
      OptionRule(name: "--reference", value: nil, help: "run the operators' plain definitions instead of the engine"),
    ] + EngineRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count >= 2 else {
      throw UsageError(message: "wants a model and at least one folder with input_0.pb and output_0.pb")
    }
    let tolerance = try Tolerance(options)
    let engine = try EngineRules.read(options)

    let runner: CaseRunner
    do {
      let model = try CaseModel(contentsOf: path, isReference: options.has("--reference"), options: engine)
      runner = CaseRunner(model, limits: engine.limits, tolerance: tolerance)
    } catch {
      Console.error("\(path): \(error)")
      return 1
    }
    var passed = 0
    var failed = 0
    for folder in options.positional.dropFirst() {
      for directory in CaseRunner.cases(in: folder) where !Console.isBroken {
        do {
          if try runner.run(directory, asJSON: options.has("--json")) { passed += 1 } else { failed += 1 }
        } catch {
          Console.error("\(directory): \(error)")
          failed += 1
        }
      }
    }
    if passed + failed > 1, !options.has("--json") {
      Console.out(
        "\(passed) \(passed == 1 ? "case agrees" : "cases agree"), \(failed) \(failed == 1 ? "does" : "do") not")
    }
    return failed == 0 ? 0 : 1
  }
}
