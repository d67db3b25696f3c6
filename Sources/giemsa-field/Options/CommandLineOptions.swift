import Giemsa
import Text

/// An error on the command line, in one sentence.
struct UsageError: Error {
  let message: String
}

/// An option of a command: `--threads N`, or a flag if `value` is nil.
struct OptionRule: Sendable {
  let name: String
  let value: String?
  let help: String
  /// Whether a program for some models does without it.
  var isForWholeProgram = false

  var isLeftOut: Bool { Version.isForSomeModels && isForWholeProgram }
}

/// The arguments of one command, split into options and the rest. `--name value` and `--name=value` mean the same;
/// after `--` everything is an argument.
struct CommandLineOptions {
  private(set) var positional: [String] = []
  private var given: [(name: String, value: String)] = []

  init(_ arguments: [String], rules: [OptionRule]) throws(UsageError) {
    var index = 0
    var onlyPositional = false
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if onlyPositional || argument.utf8.first != UInt8(ascii: "-") || argument == "-" {
        positional.append(argument)
        continue
      }
      if argument == "--" {
        onlyPositional = true
        continue
      }
      var name = argument
      var value: String?
      let bytes = Array(argument.utf8)
      if let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
        name = String(decoding: bytes[..<equals], as: UTF8.self)
        value = String(decoding: bytes[(equals + 1)...], as: UTF8.self)
      }
      guard let rule = rules.first(where: { $0.name == name && !$0.isLeftOut }) else {
        let known = rules.filter { !$0.isLeftOut }.map { $0.name }
        let question = NearestName.question(name, in: known + ["--help"])
        throw UsageError(message: "unknown option '\(name)'\(question); --help lists them\(Version.leftOutNote)")
      }
      if let wanted = rule.value {
        if value == nil, index < arguments.count {
          value = arguments[index]
          index += 1
        }
        guard let value else { throw UsageError(message: "\(name) wants a value: \(name) \(wanted)") }
        given.append((name, value))
      } else {
        guard value == nil else { throw UsageError(message: "\(name) takes no value") }
        given.append((name, ""))
      }
    }
  }

  func has(_ name: String) -> Bool { given.contains { $0.name == name } }

  /// The last value given, so that a shell alias can set a default.
  func string(_ name: String) -> String? { given.last { $0.name == name }?.value }

  /// All values given, in order, of an option that may be repeated.
  func strings(_ name: String) -> [String] { given.filter { $0.name == name }.map { $0.value } }

  func int(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(UsageError) -> Int {
    guard let text = string(name) else { return fallback }
    guard let value = Int(text), range.contains(value) else {
      throw UsageError(
        message: "\(name) '\(text)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func double(_ name: String, default fallback: Double, in range: ClosedRange<Double>) throws(UsageError) -> Double {
    guard let text = string(name) else { return fallback }
    guard let value = NumberText.parse(text), range.contains(value) else {
      let low = NumberText.shortest(range.lowerBound)
      let high = NumberText.shortest(range.upperBound)
      throw UsageError(message: "\(name) '\(text)' must be a number from \(low) to \(high)")
    }
    return value
  }

  /// `--size 224x224`, height first; nil if it is not given.
  func pictureSize() throws(UsageError) -> (height: Int, width: Int)? {
    guard let text = string("--size") else { return nil }
    let parts = Array(text.utf8).split(separator: UInt8(ascii: "x")).map { Int(String(decoding: $0, as: UTF8.self)) }
    let sides = PictureClassifier.inputSides
    guard parts.count == 2, let height = parts[0], let width = parts[1], sides.contains(height), sides.contains(width)
    else {
      throw UsageError(message: "--size '\(text)' must be HEIGHTxWIDTH, each from 1 to \(sides.upperBound), as 224x224")
    }
    return (height, width)
  }
}
