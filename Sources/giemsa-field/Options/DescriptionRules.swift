import Giemsa
import Text

/// The options that say what a model does not record of its pictures, common to all commands that classify.
enum DescriptionRules {
  static let all = [
    OptionRule(name: "--size", value: "HxW", help: "input size, if the model does not record it: 224 or 64x48"),
    OptionRule(
      name: "--mean", value: "R,G,B", help: "of colours, if the model does not record it; one number if it takes greys"),
    OptionRule(
      name: "--std", value: "R,G,B", help: "of colours, if the model does not record it; one number if it takes greys"),
    OptionRule(
      name: "--range", value: "N",
      help: "what colours go up to, which --mean and --std refer to: 1 (the default) or 255; alone, mean is 0 and std 1"
    ),
    OptionRule(name: "--classes", value: "A,B,…", help: "class names, if the model does not record them"),
    OptionRule(
      name: "--override", value: nil,
      help: "--size, --mean, --std, --range, --bits and --classes override what the model records"),
  ]

  static func read(_ options: CommandLineOptions) throws(UsageError) -> PictureClassifier.Description {
    var description = PictureClassifier.Description()
    description.size = try size(options)
    description.mean = try colors(options, "--mean", from: 0)
    description.std = try colors(options, "--std", from: 1e-6)
    if let text = options.string("--range") {
      guard let range = PictureClassifier.Description.range(text) else {
        throw UsageError(message: "--range '\(text)' must be 1 or 255")
      }
      description.range = range
    }
    description.classes = try classes(options)
    description.bits = try PictureRules.bits(options)
    description.limits = try PictureRules.limits(options)
    description.overrides = options.has("--override")
    description.names = PictureClassifier.Description.optionNames
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

  private static func classes(_ options: CommandLineOptions) throws(UsageError) -> [String]? {
    guard let text = options.string("--classes") else { return nil }
    let names = PictureClassifier.Description.names(text)
    for (index, name) in names.enumerated() {
      if name.isEmpty { throw UsageError(message: "--classes '\(text)' has an empty name") }
      // Compared by bytes: Unicode-equivalent names are different.
      if names[..<index].contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
        throw UsageError(message: "--classes '\(text)' names '\(name)' twice")
      }
    }
    return names
  }

  private static func size(_ options: CommandLineOptions) throws(UsageError) -> (height: Int, width: Int)? {
    guard let text = options.string("--size") else { return nil }
    guard let size = PictureClassifier.Description.size(text) else {
      throw UsageError(
        message: "--size '\(text)' must be a number of pixels (224) or height x width (64x48), to "
          + "\(PictureClassifier.inputSides.upperBound)")
    }
    return size
  }

  private static func colors(_ options: CommandLineOptions, _ name: String, from least: Double) throws(UsageError)
    -> [Float]?
  {
    guard let text = options.string(name) else { return nil }
    guard let numbers = PictureClassifier.Description.colors(text, from: least) else {
      throw UsageError(
        message: "\(name) '\(text)' must be three numbers with commas (0.485,0.456,0.406), or one for greys")
    }
    return numbers
  }
}
