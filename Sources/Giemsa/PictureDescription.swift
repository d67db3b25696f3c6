import Imaging
import ModelGraph
import PictureModels
import Text

extension PictureClassifier {
  /// What a caller says of a model's pictures: for a model that does not say it itself, or (``overrides``) says something else.
  public struct Description: Sendable {
    /// Height and width of the model's input in pixels.
    public var size: (height: Int, width: Int)?
    /// Of red, green and blue, in the model's channel order: three numbers; one for a model of greys.
    public var mean: [Float]?
    public var std: [Float]?
    /// What a pixel's value goes up to, which ``mean`` and ``std`` refer to: 1, or 255. If it is given, mean is 0 and std is 1
    /// unless they are given too.
    public var range: Float?
    /// Bits of a file's 16-bit samples that are data: 12 for camera data stored without scaling. `giemsa.bits`, or 16, unless
    /// given.
    public var bits: Int?
    /// Class names in the order of the model's scores. `giemsa.classes`, or numbers from 0, unless given.
    public var classes: [String]?
    /// These values count more than the file's. Otherwise one that contradicts the file is an error.
    public var overrides = false
    /// The most that a picture may have.
    public var limits = PictureLimits()
    /// How messages name these values.
    package var names = Names()

    public init() {}

    package struct Names: Sendable {
      package var size = "size"
      package var mean = "mean"
      package var std = "std"
      package var range = "range"
      package var bits = "bits"
      package var classes = "classes"
      package var toOverride = "set overrides"

      package init() {}
    }
  }
}

extension PictureClassifier.Description {
  /// Throws E213 if a value is out of range or contradicts the file.
  func check(_ metadata: ModelMetadata) throws(GraphError) {
    try checkValues()
    if overrides { return }
    if let size, !metadata.inputSize.isEmpty, metadata.inputSize != [size.height, size.width] {
      throw contradiction(names.size, "\(metadata.inputSize[0])x\(metadata.inputSize[1])")
    }
    if let classes, !metadata.classes.isEmpty, !sameBytes(classes, metadata.classes) {
      throw contradiction(names.classes, metadata.classes.joined(separator: ","))
    }
    if let centering = metadata.centering, mean != nil || std != nil || range != nil {
      let name = mean != nil ? names.mean : std != nil ? names.std : names.range
      throw contradiction(name, "colours are centred: \(centering.rawValue)")
    }
    if range != nil, metadata.saysHowColorsAreNormalized {
      throw contradiction(names.range, "mean \(list(metadata.mean)), std \(list(metadata.std))")
    }
    if let mean, !metadata.mean.isEmpty, mean != metadata.mean {
      throw contradiction(names.mean, list(metadata.mean))
    }
    if let bits, let said = metadata.bits, bits != said { throw contradiction(names.bits, "\(said)") }
    if let std, !metadata.std.isEmpty, std != metadata.std { throw contradiction(names.std, list(metadata.std)) }
  }

  private func checkValues() throws(GraphError) {
    let sides = PictureClassifier.inputSides
    if let size, !sides.contains(size.height) || !sides.contains(size.width) {
      throw GraphError(
        .badInput, "\(names.size) is \(size.height)x\(size.width); 1 to \(sides.upperBound) pixels are possible")
    }
    let counts = PictureAxes.channelCounts
    if let mean, !counts.contains(mean.count) || !mean.allSatisfy({ $0.magnitude <= 1000 }) {
      throw GraphError(.badInput, "\(names.mean) must be three numbers from -1000 to 1000, or one for greys")
    }
    if let std, !counts.contains(std.count) || !std.allSatisfy({ $0 >= 1e-6 && $0 <= 1000 }) {
      throw GraphError(.badInput, "\(names.std) must be three numbers from 1e-06 to 1000, or one for greys")
    }
    if let range, range != 1, range != 255 {
      throw GraphError(.badInput, "\(names.range) must be 1 or 255")
    }
    if let bits, !ModelMetadata.Bound.bits.contains(bits) {
      throw GraphError(.badInput, "\(names.bits) is \(bits); 8 to 16 are possible")
    }
    var known: Set<ExactText> = []
    for name in classes ?? [] {
      guard !name.isEmpty, known.insert(ExactText(name)).inserted else {
        throw GraphError(.badInput, "\(names.classes) must be different names with a letter each, not '\(name)'")
      }
    }
  }

  /// `metadata` with the colours that are given here, and without a size: the interface has it.
  package func colors(_ metadata: ModelMetadata, _ interface: ClassifierInterface) throws(GraphError) -> ModelMetadata {
    var described = metadata
    described.inputSize = []
    if mean != nil || std != nil || range != nil { described.centering = nil }
    let channels = interface.inputShape[interface.axes.channel]
    guard PictureAxes.channelCounts.contains(channels) else {
      throw GraphError(
        .badInput, "the model wants \(channels) channels; pictures have 3 (red, green, blue) or 1 (grey)")
    }
    if let range {
      // The file's numbers are for pixels from 0 to 1.
      described.mean = (mean ?? [Float](repeating: 0, count: channels)).map { $0 / range }
      described.std = (std ?? [Float](repeating: 1, count: channels)).map { $0 / range }
    } else {
      described.mean = mean ?? described.mean
      described.std = std ?? described.std
    }
    // A caller may give three equal numbers for greys.
    if channels == 1 {
      described.mean = PictureClassifier.Description.single(described.mean)
      described.std = PictureClassifier.Description.single(described.std)
    }
    described.bits = bits ?? described.bits
    guard described.centering != nil || !described.mean.isEmpty else {
      throw GraphError(
        .badInput,
        "does not say how colours are normalised; give \(names.mean) and \(names.std) (most models: 0.485,0.456,0.406 and "
          + "0.229,0.224,0.225), or \(names.range) 255 if it takes pixels as they are")
    }
    for (name, numbers) in [(names.mean, described.mean), (names.std, described.std)]
    where described.centering == nil && numbers.count != channels {
      throw GraphError(
        .badInput,
        "\(name) has \(numbers.count) \(numbers.count == 1 ? "number" : "numbers"); the model takes "
          + (channels == 3 ? "red, green and blue" : channels == 1 ? "greys: one number" : "\(channels) channels"))
    }
    return described
  }

  private static func single(_ numbers: [Float]) -> [Float] {
    numbers.count == 3 && numbers[0] == numbers[1] && numbers[1] == numbers[2] ? [numbers[0]] : numbers
  }

  /// A name for each class: those given here, the file's, or else numbers.
  func classNames(_ metadata: ModelMetadata, _ interface: ClassifierInterface) throws(GraphError) -> [String] {
    var names = classes ?? metadata.classes
    if names.isEmpty, classes == nil { names = (0..<interface.classCount).map { "\($0)" } }
    guard names.count == interface.classCount else {
      throw GraphError(
        .badInput,
        "\(names.count) class names were given or found; the model has \(interface.classCount) classes"
          + (interface.scoreCount == 1 ? ", its one score being the probability of the second" : ""))
    }
    return names
  }

  private func contradiction(_ name: String, _ said: String) -> GraphError {
    GraphError(
      .badInput, "\(name) contradicts what the file says (\(said)); leave it out, or \(names.toOverride)")
  }

  private func sameBytes(_ a: [String], _ b: [String]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.isExactly($1) }
  }

  private func list(_ numbers: [Float]) -> String {
    numbers.map { NumberText.shortest(Double($0)) }.joined(separator: ",")
  }
}
