import Giemsa
import Platform
import Text

/// The options that hold a model to more than being valid.
enum BudgetRules {
  /// None in a program for some models.
  static let all = Version.isForSomeModels ? [] : options

  private static let options = [
    OptionRule(
      name: "--max-size", value: "SIZE", help: "E401: bytes of the file and its external data (units K, M, G, T)"),
    OptionRule(name: "--max-parameters", value: "N", help: "E402: parameters (25M are 25,000,000)"),
    OptionRule(
      name: "--max-multiply-adds", value: "N",
      help: "E403: multiply-adds of a run with a batch of one, of the size that the model records, else 224x224"),
    OptionRule(
      name: "--max-memory", value: "SIZE",
      help: "E404: peak memory of such a run, as bench measures it, computed from the plan"),
    OptionRule(name: "--opset", value: "A[:B]", help: "E405: the opsets that are wanted, as 13:21"),
    OptionRule(
      name: "--operators", value: "FILE", help: "E406: a file with a line for each operator that a model may use"),
    OptionRule(
      name: "--target", value: "ENGINE",
      help: "E407: an engine that must have the operators: onnxruntime, openvino, ncnn, tflite"
    ),
    OptionRule(name: "--batch", value: "free", help: "E408: inputs of pictures must leave the batch open"),
  ]

  static func read(_ options: CommandLineOptions) throws(UsageError) -> (budgets: Budgets, memory: Int?) {
    if Version.isForSomeModels { return (Budgets(), nil) }
    var budgets = Budgets()
    budgets.bytes = try amount(options, "--max-size", thousand: 1024, "a size: 800K, 50M")
    budgets.parameters = try amount(options, "--max-parameters", thousand: 1000, "a number: 25M")
    budgets.multiplyAdds = try amount(options, "--max-multiply-adds", thousand: 1000, "a number: 1.8G")
    budgets.opsets = try opsets(options)
    if let path = options.string("--operators") {
      budgets.operators = Set(try TextLines.read(path).map { ExactText($0) })
    }
    if let name = options.string("--target") {
      guard let target = Target.allCases.first(where: { $0.name == name }) else {
        let names = Target.allCases.map { $0.name }.joined(separator: ", ")
        throw UsageError(message: "--target '\(name)' is not one of \(names)")
      }
      budgets.target = target
    }
    if let text = options.string("--batch") {
      guard text == "free" else { throw UsageError(message: "--batch '\(text)' must be free") }
      budgets.wantsFreeBatch = true
    }
    return (budgets, try amount(options, "--max-memory", thousand: 1024, "a size: 800M, 2G"))
  }

  private static func amount(
    _ options: CommandLineOptions, _ name: String, thousand: Double, _ form: String
  ) throws(UsageError) -> Int? {
    guard let text = options.string(name) else { return nil }
    guard let amount = Amount.parse(text, thousand: thousand) else {
      throw UsageError(message: "\(name) '\(text)' must be \(form)")
    }
    return amount
  }

  private static func opsets(_ options: CommandLineOptions) throws(UsageError) -> ClosedRange<Int>? {
    guard let text = options.string("--opset") else { return nil }
    let ends = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
      Int(String(decoding: Array($0), as: UTF8.self))
    }
    guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first >= 1, first <= last else {
      throw UsageError(message: "--opset '\(text)' must be an opset or a range of them: 21, 13:21")
    }
    return first...last
  }
}
