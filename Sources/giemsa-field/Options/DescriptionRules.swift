import Giemsa
import Text

/// The options that say what a model does not record of its pictures, common to all commands that classify.
enum DescriptionRules {
  static let all = [
    OptionRule(name: "--size", value: "HxW", help: "input size, if the model does not record it: 224 or 64x48"),
    OptionRule(name: "--mean", value: "R,G,B", help: "of colours from 0 to 1, if the model does not record it"),
    OptionRule(name: "--std", value: "R,G,B", help: "of colours from 0 to 1, if the model does not record it"),
    OptionRule(name: "--classes", value: "A,B,…", help: "class names, if the model does not record them"),
    OptionRule(
      name: "--override", value: nil,
      help: "--size, --mean, --std, --bits and --classes override what the model records"),
  ]

  static func read(_ options: CommandLineOptions) throws(UsageError) -> PictureClassifier.Description {
    var description = PictureClassifier.Description()
    description.size = try size(options)
    description.mean = try colors(options, "--mean", from: 0)
    description.std = try colors(options, "--std", from: 1e-6)
    description.classes = try classes(options)
    description.bits = try PictureRules.bits(options)
    description.limits = try PictureRules.limits(options)
    description.overrides = options.has("--override")
    description.names = names
    return description
  }

  /// Throws one line that begins with the model's path.
  static func classifier(
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
