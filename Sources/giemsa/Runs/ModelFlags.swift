import ArgumentParser
import Giemsa
import PictureModels

/// The options that say what a model does not record of its pictures, the same as those of `giemsa-field infer`.
struct ModelFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Input size, if the model does not record it: 224 or 64x48.", valueName: "hxw"))
  var size: String?
  @Option(
    help: ArgumentHelp("Of colours, if the model does not record it; one number if it takes greys.", valueName: "r,g,b")
  )
  var mean: String?
  @Option(
    help: ArgumentHelp("Of colours, if the model does not record it; one number if it takes greys.", valueName: "r,g,b")
  )
  var std: String?
  @Option(
    help: ArgumentHelp(
      "What colours go up to, which --mean and --std refer to: 1 (the default) or 255; alone, mean is 0 and std 1.",
      valueName: "n"))
  var range: String?
  @Option(help: ArgumentHelp("Bits of 16-bit samples that are data, if the model does not record it.", valueName: "n"))
  var bits: Int?
  @Option(help: ArgumentHelp("Class names, if the model does not record them.", valueName: "a,b,…")) var classes:
    String?
  @Flag(
    name: .customLong("override"),
    help: "--size, --mean, --std, --range, --bits and --classes override what the model records.")
  var overrides = false

  func validate() throws {
    if let size, Description.size(size) == nil {
      throw ValidationError("--size '\(size)' must be a number of pixels (224) or height x width (64x48)")
    }
    for (name, text, least) in [("--mean", mean, 0), ("--std", std, 1e-6)] {
      if let text, Description.colors(text, from: least) == nil {
        throw ValidationError(
          "\(name) '\(text)' must be three numbers with commas (0.485,0.456,0.406), or one for greys")
      }
    }
    if let range, Description.range(range) == nil { throw ValidationError("--range '\(range)' must be 1 or 255") }
    if let bits { try check(bits, ModelMetadata.Bound.bits, "--bits") }
  }

  /// Without limits.
  var description: Description {
    var description = Description()
    description.size = size.flatMap { Description.size($0) }
    description.mean = mean.flatMap { Description.colors($0, from: 0) }
    description.std = std.flatMap { Description.colors($0, from: 1e-6) }
    description.range = range.flatMap { Description.range($0) }
    description.bits = bits
    description.classes = classes.map { Description.names($0) }
    description.overrides = overrides
    return description
  }

  typealias Description = PictureClassifier.Description
}
